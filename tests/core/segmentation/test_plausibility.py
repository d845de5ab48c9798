"""Remarks that a clinician would make, with numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from core.imaging.volume import Intensity, Volume
from core.segmentation.plausibility import Kind, remarks
from core.segmentation.prompt import Box
from tests.core.segmentation.bright import block, bright_volume

BODY = block(10, 12, 18, 24)  # 8 × 12 = 96 voxels
VOLUME = bright_volume({z: BODY for z in range(3, 9)}, 12)


def kinds(found: list) -> list[tuple[Kind, int]]:  # type: ignore[type-arg]
    return [(remark.kind, remark.z) for remark in found]


def test_a_plain_object_gives_no_remark() -> None:
    assert remarks(VOLUME, {z: BODY for z in range(3, 9)}, {4: Box(10, 12, 18, 24)}, {4: block(2, 2, 28, 38)}) == []


@pytest.mark.parametrize(
    ("box", "sides"),
    [(Box(11, 13, 17, 23), 4), (Box(11, 13, 17, 24), 3), (Box(10, 13, 17, 24), None), (Box(-3, 13, 17, 99), None)],
)
def test_a_mask_beyond_three_sides_of_its_box_is_remarked(box: Box, sides: int | None) -> None:
    found = remarks(VOLUME, {5: BODY}, {5: box})
    assert [remark.value for remark in found] == ([sides] if sides else [])
    if found:
        assert found[0].sentence == (
            f"Slice 6: the mask reaches beyond the box on {sides} of its 4 sides. The box may be too small."
        )


def test_an_area_that_jumps_is_told_at_the_upper_slice() -> None:
    half = block(10, 12, 14, 24)  # 48 voxels
    up, down = remarks(VOLUME, {4: half, 5: BODY, 6: BODY, 7: half})
    assert kinds([up, down]) == [(Kind.AREA_JUMPS, 5), (Kind.AREA_JUMPS, 7)]
    assert (up.value, up.usual, up.sentence) == (2, 4, "Slice 6: the area is 2.0 times that of slice 5.")
    assert down.sentence == "Slice 8: the area is 50% of that of slice 7."


def test_a_gap_between_slices_is_no_jump() -> None:
    assert remarks(VOLUME, {4: block(10, 12, 14, 24), 6: BODY}) == []


def test_grey_values_unlike_the_rest_are_told_in_hu() -> None:
    noisy = VOLUME.hu.copy()
    noisy[3:9, ::2] += 20  # in the object 210 ± 10
    noisy[6][BODY] -= 12
    volume = Volume(noisy, VOLUME.grid, VOLUME.source)
    [remark] = remarks(volume, {z: BODY for z in range(3, 9)})
    assert (remark.kind, remark.z, remark.value, remark.usual) == (Kind.HU_UNLIKE, 6, 198, 210)
    assert remark.sentence == "Slice 7: mean 198 HU, on the other slices 210 HU."
    picture = replace(volume, intensity=Intensity.ARBITRARY)
    assert remarks(picture, {z: BODY for z in range(3, 9)})[0].sentence == "Slice 7: mean 198, on the other slices 210."


def test_parts_are_counted_without_specks() -> None:
    two = block(2, 2, 4, 6) | BODY  # 8 of 104 voxels
    speck = block(2, 2, 4, 4) | BODY  # 4 of 100 voxels
    touching = block(8, 10, 10, 12) | BODY  # at a corner
    found = remarks(bright_volume({}, 12), {3: two, 5: speck, 7: touching})
    assert kinds(found) == [(Kind.SEVERAL_PARTS, 3)]
    assert found[0].sentence == "Slice 4: the mask is in 2 parts."


def test_what_lies_outside_the_liver_is_told_and_a_hole_in_it_is_inside() -> None:
    liver = block(5, 5, 16, 35) & ~block(11, 14, 15, 20)
    [remark] = remarks(VOLUME, {4: BODY, 6: BODY}, None, {4: liver, 5: np.zeros_like(liver)})
    assert (remark.kind, remark.z, remark.value) == (Kind.OUTSIDE_LIVER, 4, 24 / 96)  # rows 16 and 17
    assert remark.sentence == "Slice 5: 25% of the mask lies outside the liver."


def test_remarks_go_up_from_the_feet() -> None:
    half = block(10, 12, 14, 24)
    found = remarks(VOLUME, {6: BODY | block(2, 2, 4, 6), 5: half, 4: BODY}, {5: Box(11, 13, 12, 23)})
    assert kinds(found) == [
        (Kind.CROSSES_BOX, 5),
        (Kind.AREA_JUMPS, 5),
        (Kind.AREA_JUMPS, 6),
        (Kind.HU_UNLIKE, 6),
        (Kind.SEVERAL_PARTS, 6),
    ]
