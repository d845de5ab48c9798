import math

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from core.errors import GeometryError
from core.imaging.grid import Grid
from core.imaging.volume import Mask, Source, Volume
from core.reporting.quantify import quantify

SHAPE = (9, 14, 17)
SPACING = (3.0, 0.5, 2.0)  # a voxel of 3 mm³
GRID = Grid.from_geometry(SHAPE, SPACING, origin=(-40.0, 12.0, 300.0))


def volume(grid: Grid = GRID) -> Volume:
    hu = np.random.default_rng(8).integers(-200, 300, grid.shape).astype(np.int16)
    return Volume(hu, grid, Source("case", "NIfTI", grid))


def liver_with(**boxes: tuple[slice, slice, slice]) -> npt.NDArray[np.uint8]:
    """Return a liver of 7 × 10 × 12 voxels with other labels in it, such as ``tumour=(...)``."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:8, 2:12, 3:15] = 1
    for name, box in boxes.items():
        labels[box] = {"tumour": 2, "cyst": 3}[name]
    return labels


def test_volume_extent_and_slices_are_those_of_the_voxels_counted_by_hand() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:5, 3, 4:8] = 2

    (whole,) = quantify(volume(), Mask(labels, GRID)).labels

    assert whole.voxels == 12
    assert whole.volume_ml == pytest.approx(0.036)
    assert whole.extent_mm == pytest.approx((9, 0.5, 8))
    assert (whole.first, whole.last) == (2, 4)
    assert whole.middle == pytest.approx((3, 3, 5.5))
    assert whole.diameter is not None
    assert whole.diameter.longest_mm == pytest.approx(8)


def test_values_and_sizes_agree_with_the_label_statistics_of_simpleitk() -> None:
    ct, labels = volume(), np.random.default_rng(3).choice(np.array([0, 1, 2, 7], np.uint8), SHAPE)
    image, values = SimpleITK.GetImageFromArray(labels), SimpleITK.GetImageFromArray(ct.hu)
    for picture in (image, values):
        picture.SetSpacing(SPACING[::-1])
    statistics = SimpleITK.LabelIntensityStatisticsImageFilter()
    statistics.Execute(image, values)

    found = quantify(ct, Mask(labels, GRID))

    assert [whole.label for whole in found.labels] == [1, 2, 7]
    for whole in found.labels:
        assert whole.voxels == statistics.GetNumberOfPixels(whole.label)
        assert whole.volume_ml == pytest.approx(statistics.GetPhysicalSize(whole.label) / 1000)
        assert whole.density.mean == pytest.approx(statistics.GetMean(whole.label))
        assert whole.density.sd == pytest.approx(statistics.GetStandardDeviation(whole.label))
        assert whole.density.minimum == statistics.GetMinimum(whole.label)
        assert whole.density.maximum == statistics.GetMaximum(whole.label)


def test_percentiles_lie_between_ranks() -> None:
    hu = np.zeros(SHAPE, np.int16)
    hu[4, 5, 1:6] = (10, 20, 30, 40, 80)
    labels = np.zeros(SHAPE, np.uint8)
    labels[4, 5, 1:6] = 2

    density = quantify(Volume(hu, GRID, Source("case", "NIfTI", GRID)), Mask(labels, GRID)).labels[0].density

    assert (density.p5, density.p25, density.median, density.p75) == pytest.approx((12, 20, 30, 40))
    assert density.p95 == pytest.approx(72)
    assert density.sd == pytest.approx(math.sqrt(2920 / 4))


def test_lesions_are_counted_from_the_largest_and_corners_join() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 1, 1] = labels[2, 2, 2] = 2  # touch by a corner
    labels[5, 4:9, 6] = 2
    labels[5, 12, 12:16] = 5

    found = quantify(volume(), Mask(labels, GRID))

    assert [(lesion.label, lesion.number, lesion.voxels) for lesion in found.lesions] == [
        (2, 1, 5),
        (2, 2, 2),
        (5, 1, 4),
    ]
    assert found.lesions_of(2)[1].middle == pytest.approx((1.5, 1.5, 1.5))


def test_the_liver_is_not_divided_into_lesions() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 1, 1] = labels[5, 6, 7] = 1

    assert quantify(volume(), Mask(labels, GRID)).lesions == ()


def test_burden_is_the_share_of_tumour_in_the_liver_with_its_tumours() -> None:
    labels = liver_with(tumour=(slice(3, 5), slice(5, 8), slice(6, 11)))  # 30 of 840 voxels

    found = quantify(volume(), Mask(labels, GRID))

    assert found.burden_percent == pytest.approx(100 * 30 / 840)
    assert found.liver_ml == pytest.approx(840 * 0.003)


def test_what_the_liver_encloses_belongs_to_it() -> None:
    labels = liver_with(cyst=(slice(3, 5), slice(5, 8), slice(6, 11)))

    assert quantify(volume(), Mask(labels, GRID)).liver_ml == pytest.approx(840 * 0.003)


def test_a_tumour_beside_the_liver_is_no_part_of_it_and_has_no_distance() -> None:
    labels = liver_with()
    labels[1:8, 2:12, 14] = 0
    labels[4, 6, 16] = 2

    found = quantify(volume(), Mask(labels, GRID))

    assert found.liver_ml == pytest.approx(770 * 0.003)
    assert found.burden_percent == pytest.approx(100 / 771)
    assert math.isnan(found.lesions[0].to_surface_mm)


@pytest.mark.parametrize(
    ("box", "mm"),
    [
        ((slice(3, 6), slice(5, 9), slice(6, 7)), 1.5),  # three rows of 0.5 mm above it, 6 mm everywhere else
        ((slice(4, 5), slice(6, 8), slice(8, 9)), 2.0),
        ((slice(3, 6), slice(5, 9), slice(3, 5)), 0.0),  # at the surface
    ],
)
def test_the_distance_to_the_surface_is_that_of_the_voxels_between(box: tuple[slice, slice, slice], mm: float) -> None:
    found = quantify(volume(), Mask(liver_with(tumour=box), GRID))

    assert found.lesions[0].to_surface_mm == pytest.approx(mm)


def test_a_lesion_that_crosses_the_surface_has_no_way_to_go() -> None:
    labels = liver_with(cyst=(slice(4, 5), slice(4, 9), slice(13, 17)))

    assert quantify(volume(), Mask(labels, GRID)).lesions[0].to_surface_mm == 0


def test_each_lesion_has_its_own_distance() -> None:
    labels = liver_with(tumour=(slice(3, 6), slice(5, 9), slice(6, 7)))
    labels[4, 6:8, 10] = 2

    assert [lesion.to_surface_mm for lesion in quantify(volume(), Mask(labels, GRID)).lesions] == pytest.approx(
        [1.5, 2.0]
    )


def test_without_a_liver_there_is_neither_burden_nor_distance() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[4, 5, 6] = 2

    found = quantify(volume(), Mask(labels, GRID))

    assert math.isnan(found.burden_percent)
    assert math.isnan(found.liver_ml)
    assert math.isnan(found.lesions[0].to_surface_mm)


def test_a_liver_cut_by_the_edge_of_the_scan_is_told() -> None:
    labels = liver_with()
    labels[0, 5, 6] = 1

    assert quantify(volume(), Mask(labels, GRID)).liver_is_cut
    assert not quantify(volume(), Mask(liver_with(), GRID)).liver_is_cut


def test_without_a_voxel_size_nothing_is_measured_in_millimetres() -> None:
    grid = Grid.from_geometry(SHAPE, has_spacing=False)

    found = quantify(volume(grid), Mask(liver_with(tumour=(slice(3, 5), slice(5, 8), slice(6, 11))), grid))

    assert all(math.isnan(mm) for mm in (*found.labels[0].extent_mm, found.liver_ml, found.lesions[0].to_surface_mm))
    assert found.labels[1].diameter is None
    assert found.burden_percent == pytest.approx(100 * 30 / 840)


def test_an_empty_mask_has_nothing_to_measure() -> None:
    found = quantify(volume(), Mask(np.zeros(SHAPE, np.uint8), GRID))

    assert (found.labels, found.lesions) == ((), ())


def test_a_mask_of_another_image_is_refused() -> None:
    other = Grid.from_geometry((9, 14, 16), SPACING)

    with pytest.raises(GeometryError, match="the image it was drawn on"):
        quantify(volume(), Mask(np.zeros(other.shape, np.uint8), other))
