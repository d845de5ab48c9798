import math
from dataclasses import replace

import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.definitions import CARDS
from core.scoring.scorecard import LabelScore, labels_in, present, score
from core.scoring.surfaces import Definition
from tests.core.scoring.shapes import SPACING, drawn, voxels

SHAPE = (4, 5, 6)
GRID = Grid.from_geometry(SHAPE, SPACING)


def labels(*placed: tuple[tuple[int, int, int], int], grid: Grid = GRID) -> Mask:
    array = np.zeros(SHAPE, np.uint8)
    for at, value in placed:
        array[at] = value
    return Mask(array, grid)


def only(mask: Mask, other: Mask, **how: object) -> LabelScore:
    (found,) = score(mask, other, **how).labels  # type: ignore[arg-type]
    return found


def test_every_figure_of_two_voxels_by_hand() -> None:
    """One voxel of 5 × 3 × 2 mm (0.03 ml) shared, one 6 mm further along x predicted too."""
    predicted = labels(((0, 1, 1), 2), ((0, 1, 4), 2))
    found = only(predicted, labels(((0, 1, 1), 2)), definitions=tuple(Definition), tolerance_mm=1.0)
    assert (found.value, found.name) == (2, "tumour")
    far = (math.sqrt(25 / 36 + 1 / 4 + (5 - 1 / 3) ** 2) + math.sqrt(25 / 36 + 1 / 4 + (5 + 1 / 3) ** 2)) / 2
    expected = {
        "dice": 2 / 3,
        "iou": 1 / 2,
        "precision": 1 / 2,
        "recall": 1,
        "specificity": 118 / 119,
        "accuracy": 119 / 120,
        "volume_predicted_ml": 0.06,
        "volume_reference_ml": 0.03,
        "volume_difference_ml": 0.03,
        "volume_difference_percent": 100,
        "lesion_recall": 1,
        "lesion_precision": 0.5,
        "lesion_f1": 2 / 3,
        "lesion_dice": 1,
        "asd_to_reference_mm": far / 2,
        "asd_to_predicted_mm": 0,
        "assd_mm": far / 3,
        "masd_mm": far / 4,
        "nsd": 2 / 3,
        "chaos_dice": 2 / 3,
        "chaos_ravd_percent": 100,
        "chaos_assd_mm": 2,
        "chaos_mssd_mm": 6,
        "monai_hd_mm": 6,
        "monai_hd95_mm": 5.7,  # 19/20 of the way from 0 to 6
        "monai_assd_mm": 2,
        "monai_nsd": 2 / 3,
        "surfel_hd_mm": 6,
        "surfel_hd95_mm": 6,
        "surfel_assd_mm": 5 / 3,
        "surfel_nsd": 2 / 3,
    }
    assert {key: found.figures[key] for key in expected} == pytest.approx(expected)
    assert found.figures.keys() == CARDS.keys()


def test_every_card_is_complete() -> None:
    for key, card in CARDS.items():
        assert card.key == key
        assert card.name
        assert card.formula
        assert card.convention
        assert card.span
        assert key.endswith({"mm": "_mm", "ml": "_ml", "%": "_percent", "": ""}[card.unit])


def test_slices_count_the_background_around_the_crop() -> None:
    found = only(labels(((1, 1, 1), 2)), labels(((1, 1, 1), 2), ((2, 4, 5), 2)))
    assert [counts.reference for counts in found.slices] == [0, 1, 1, 0]
    assert [counts.tn for counts in found.slices] == [30, 29, 29, 30]
    assert found.counts.tn == 118


def test_lesions_are_placed_in_the_image() -> None:
    found = only(labels(), labels(((2, 4, 5), 2)))
    assert found.lesions.missed[0].centre == (2, 4, 5)
    assert found.lesions.missed[0].volume_ml == pytest.approx(0.03)


def test_a_missed_object_is_infinitely_far_and_its_share_is_zero() -> None:
    card = score(labels(), labels(((2, 4, 5), 2)))
    figures = card.labels[0].figures
    assert figures["dice"] == figures["nsd"] == 0
    assert figures["hd95_mm"] == figures["assd_mm"] == figures["chaos_mssd_mm"] == math.inf
    assert math.isnan(figures["precision"])
    assert card.diagonal_mm == pytest.approx(math.sqrt(20**2 + 15**2 + 12**2))


def test_a_label_in_neither_is_undefined_but_listed_when_asked_for() -> None:
    found = only(labels(), labels(((2, 4, 5), 2)), labels={5: "cyst"})
    assert found.name == "cyst"
    assert math.isnan(found.figures["dice"])
    assert math.isnan(found.figures["hd_mm"])


def test_labels_are_those_of_either_mask() -> None:
    card = score(labels(((0, 0, 0), 1)), labels(((0, 0, 1), 7)))
    assert [(found.value, found.name) for found in card.labels] == [(1, "liver"), (7, "label 7")]
    assert present(voxels(SHAPE, (0, 0, 0))) == {1: "mask"}


def test_the_name_given_goes_before_the_references_before_the_predictions_before_the_usual_one() -> None:
    held = ((0, 0, 0), 1), ((0, 0, 1), 2), ((0, 0, 2), 5), ((0, 0, 3), 9)
    ours = replace(labels(*held), names={2: "metastasis", 5: "cyst"})
    theirs = replace(labels(*held[:1]), names={5: "vein", 77: "not in the picture"})
    assert labels_in(ours, theirs) == {1: "liver", 2: "metastasis", 5: "vein", 9: "label 9"}
    names = {found.value: found.name for found in score(ours, theirs).labels}
    assert names == labels_in(ours, theirs)
    asked = {5: "artery", 2: "", 77: "", 1: ""}
    names = {found.value: found.name for found in score(ours, theirs, labels=asked).labels}
    assert names == {5: "artery", 2: "metastasis", 77: "not in the picture", 1: "liver"}


def test_without_a_voxel_size_nothing_is_said_in_millimetres() -> None:
    grid = Grid.from_geometry(SHAPE, has_spacing=False)
    card = score(labels(((0, 0, 0), 1), grid=grid), labels(((0, 0, 1), 1), grid=grid))
    figures = card.labels[0].figures
    assert figures["dice"] == 0
    assert all(math.isnan(figures[key]) for key in ("hd_mm", "nsd", "chaos_assd_mm", "volume_predicted_ml"))
    assert math.isnan(card.diagonal_mm)
    assert "no voxel size" in card.notes[0]


def test_masks_on_two_grids_are_a_programmers_mistake() -> None:
    with pytest.raises(ValueError, match="one grid"):
        score(labels(), labels(grid=Grid.from_geometry(SHAPE, (5.0, 3.0, 2.1))))


@pytest.mark.parametrize("has_spacing", [True, False])
def test_a_label_in_neither_mask_has_the_same_figures_whether_it_was_asked_for_or_not(has_spacing: bool) -> None:
    grid = Grid((3, 4, 5), np.diag((2.0, 3.0, 5.0, 1.0)), has_spacing)
    nothing = Mask(np.zeros(grid.shape, np.uint8), grid)
    asked = score(nothing, nothing, labels={2: "tumour"}, definitions=tuple(Definition))
    unasked = score(nothing, nothing, definitions=tuple(Definition))
    assert not unasked.labels
    for key in CARDS:
        assert unasked.figure(2, key) == pytest.approx(asked.figure(2, key), nan_ok=True), key


def test_any_percentile_of_the_distance_can_be_asked_for() -> None:
    """19 voxels of 2 mm lie on one another and one lies 38 mm off: of ranks 0 to 19 it is the last."""
    ours, theirs = drawn("x" * 19 + "." * 18 + "x"), drawn("x" * 19 + "." * 19)
    masks = [Mask(mask, Grid.from_geometry(mask.shape, SPACING)) for mask in (ours, theirs)]  # type: ignore[arg-type]
    card = score(*masks, definitions=(Definition.MONAI,), percentiles=(90, 100, 95, 97.5))
    found = card.labels[0].figures
    far = 2.0 * 19
    assert found["monai_hd_mm"] == far
    assert found["monai_hd90_mm"] == 0
    assert found["monai_hd97.5_mm"] == pytest.approx((0.975 * 19 - 18) * far)
    assert "monai_hd100_mm" not in found


def test_a_label_in_neither_mask_has_no_distance_at_any_percentile() -> None:
    empty = drawn("....", "....")
    card = score(*[Mask(empty, Grid.from_geometry(empty.shape, SPACING))] * 2)  # type: ignore[arg-type]
    assert math.isnan(card.figure(7, "hd90_mm"))
