"""The three definitions against the programs they are named after, and against spheres whose distance is known.

Known differences between these programs, none of them an error of ours:

- MeshMetrics, MONAI and surface-distance measure three surfaces (see `core.scoring.surfaces`); no two agree.
- MeshMetrics takes an array as (x, y, z), and which way a polygon is cut depends on it: it gets the transpose.
- MONAI and surface-distance answer an empty mask with nan, inf or an error; ours is tested by hand.
- medpy pools both surfaces before it takes the 95th percentile (ours, as MONAI's, is the larger of the two directed
  ones) and gives up on an empty mask.
- SimpleITK's HausdorffDistanceImageFilter measures between all voxels, not surfaces; its contours and distance maps
  make up a second implementation of the CHAOS challenge's distances. CHAOS's own program fails on an empty mask.
- MONAI computes in single precision, so six digits are what can be compared.
"""

import warnings

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
import torch
import vtk
from medpy.metric import binary as medpy
from meshmetrics import DistanceMetrics
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from core.scoring.patterns import patterns
from core.scoring.surfaces import (
    Definition,
    average_distances,
    average_symmetric_distance,
    hausdorff,
    mean_average_distance,
    surface_dice,
    surface_distances,
)
from tests.core.scoring.shapes import Bools, blobs, sphere

with warnings.catch_warnings():  # their imports use what their own dependencies call old
    warnings.simplefilter("ignore")
    import surface_distance
    from monai import metrics as monai

Triple = tuple[float, float, float]
CASES = [(seed, spacing) for seed in range(6) for spacing in ((2.5, 0.8, 0.7), (0.6, 1.1, 3.0))]


def far_apart() -> tuple[Bools, Bools]:
    """Two clouds at opposite ends, a hole deep inside one: most points lie beyond the nearest cells."""
    one, two = np.zeros((2, 21, 60, 90), np.bool_)
    one[2:19, 4:52, 3:40] = two[2:19, 6:50, 3:38] = True
    one[9:11, 24:28, 18:22] = False
    two[15:17, 55:58, 84:88] = True
    return one, two


def pair(seed: int) -> tuple[Bools, Bools]:
    return far_apart() if seed == 0 else blobs(seed)


@pytest.mark.parametrize(("seed", "spacing"), CASES)
def test_the_mesh_equals_meshmetrics(seed: int, spacing: Triple) -> None:
    predicted, reference = pair(seed)
    theirs = DistanceMetrics(verbose=False)
    theirs.set_input(ref=reference.T, pred=predicted.T, spacing=spacing[::-1])
    ours = surface_distances(predicted, reference, spacing)
    for percentile in (50, 95, 99, 100):
        assert hausdorff(ours, percentile) == pytest.approx(theirs.hd(percentile), abs=1e-6)
    assert average_symmetric_distance(ours) == pytest.approx(theirs.assd(), abs=1e-6)
    assert mean_average_distance(ours) == pytest.approx(theirs.masd(), abs=1e-6)
    for tolerance in (0.31, 1.05, 2.1):  # none that voxel sizes add up to, where the last bit decides
        assert surface_dice(ours, tolerance) == pytest.approx(theirs.nsd(tolerance), abs=1e-4)


@pytest.mark.parametrize(("seed", "spacing"), CASES)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_as_monai_equals_monai(seed: int, spacing: Triple) -> None:
    predicted, reference = pair(seed)
    ours = surface_distances(predicted, reference, spacing, Definition.MONAI)
    tensors = [torch.from_numpy(mask)[None, None] for mask in (predicted, reference)]
    asked = {"include_background": True, "spacing": spacing}
    for percentile in (50, 95, 100):
        theirs = monai.compute_hausdorff_distance(*tensors, percentile=percentile, **asked)
        assert hausdorff(ours, percentile) == pytest.approx(theirs.item(), rel=1e-6)
    theirs = monai.compute_average_surface_distance(*tensors, symmetric=True, **asked)
    assert average_symmetric_distance(ours) == pytest.approx(theirs.item(), rel=1e-6)
    directed = monai.compute_average_surface_distance(*tensors, symmetric=False, **asked)
    assert average_distances(ours)[0] == pytest.approx(directed.item(), rel=1e-6)
    theirs = monai.compute_surface_dice(*tensors, class_thresholds=[1.05], **asked)
    assert surface_dice(ours, 1.05) == pytest.approx(theirs.item(), rel=1e-6)


@pytest.mark.parametrize(("seed", "spacing"), CASES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_as_surface_distance_equals_surface_distance(seed: int, spacing: Triple) -> None:
    predicted, reference = pair(seed)
    ours = surface_distances(predicted, reference, spacing, Definition.SURFEL)
    theirs = surface_distance.compute_surface_distances(reference, predicted, spacing)
    for percentile in (50, 95, 100):
        expected = surface_distance.compute_robust_hausdorff(theirs, percentile)
        assert hausdorff(ours, percentile) == pytest.approx(expected, rel=1e-6)
    expected = surface_distance.compute_average_surface_distance(theirs)[::-1]
    assert average_distances(ours) == pytest.approx(expected, rel=1e-6)
    expected = surface_distance.compute_surface_dice_at_tolerance(theirs, 1.05)
    assert surface_dice(ours, 1.05) == pytest.approx(expected, rel=1e-6)


def test_every_pattern_is_cut_as_vtk_cuts_it() -> None:
    table = patterns((1.0, 1.0, 1.0))
    for pattern in range(256):
        corners = np.array([pattern >> bit & 1 for bit in range(8)], np.uint8)
        image = vtk.vtkImageData()
        image.SetDimensions(2, 2, 2)
        image.GetPointData().SetScalars(numpy_to_vtk(corners, deep=True))
        cubes = vtk.vtkDiscreteMarchingCubes()
        cubes.SetValue(0, 1)
        cubes.SetInputData(image)
        cubes.Update()
        found = cubes.GetOutput()
        assert found.GetNumberOfCells() == table.counts[pattern]
        if table.counts[pattern]:
            points = vtk_to_numpy(found.GetPoints().GetData())[:, ::-1]
            triangles = vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3)
            np.testing.assert_array_equal(points[triangles], table.triangles[pattern, : table.counts[pattern]])


@pytest.mark.parametrize(
    ("radius", "other_radius", "shift"), [(25.0, 28.0, 0.0), (25.0, 25.0, 4.0), (25.0, 25.0, 1.5), (5.0, 5.0, 1.5)]
)
def test_spheres_are_measured_no_worse_than_by_meshmetrics(radius: float, other_radius: float, shift: float) -> None:
    """Two balls of one size and a small shift lie shift / 2 apart on average; of two sizes, their difference."""
    truth = shift / 2 if shift else other_radius - radius
    spacing, shape = (2.5, 0.9, 0.8), (26, 70, 80)
    errors = []
    for seed in range(3):
        z, y, x = np.random.default_rng(seed).uniform(30, 31, 3).tolist()
        predicted = sphere((z, y, x + shift), other_radius, spacing, shape)
        reference = sphere((z, y, x), radius, spacing, shape)
        ours = average_symmetric_distance(surface_distances(predicted, reference, spacing))
        theirs = DistanceMetrics(verbose=False)
        theirs.set_input(ref=reference.T, pred=predicted.T, spacing=spacing[::-1])
        errors.append((abs(ours - truth), abs(theirs.assd() - truth)))
    ours_off, theirs_off = np.mean(errors, axis=0)
    assert ours_off <= theirs_off + 1e-6
    assert ours_off < 0.4


def distances_by_itk(mask: Bools, other: Bools, spacing: Triple) -> npt.NDArray[np.float64]:
    """Measure from every border voxel of a mask to the nearest of another; beyond the image it goes on."""
    images = [SimpleITK.GetImageFromArray(each.astype(np.uint8)) for each in (mask, other)]
    for image in images:
        image.SetSpacing(spacing[::-1])
    borders = [SimpleITK.LabelContour(image, fullyConnected=False) for image in images]
    away = SimpleITK.SignedMaurerDistanceMap(borders[1], squaredDistance=False, useImageSpacing=True)
    here = SimpleITK.GetArrayFromImage(borders[0]) == 1
    return np.abs(SimpleITK.GetArrayFromImage(away)[here]).astype(np.float64)


@pytest.mark.parametrize(("seed", "spacing"), CASES)
def test_as_chaos_equals_its_definition_worked_out_by_simpleitk(seed: int, spacing: Triple) -> None:
    """Its own program erodes with a border of ones, so that the edge of the image is none; ITK's contours are alike."""
    predicted, reference = pair(seed)
    there, back = (distances_by_itk(*masks, spacing) for masks in ((predicted, reference), (reference, predicted)))
    ours = surface_distances(predicted, reference, spacing, Definition.CHAOS)
    assert hausdorff(ours) == pytest.approx(max(there.max(), back.max()), rel=1e-5)
    assert average_symmetric_distance(ours) == pytest.approx(np.concatenate([there, back]).mean(), rel=1e-5)


@pytest.mark.parametrize(("seed", "spacing"), [case for case in CASES if case[0]])
def test_as_monai_equals_medpy_but_for_hd95(seed: int, spacing: Triple) -> None:
    """medpy's HD95 pools both surfaces, so that the smaller error dilutes the larger."""
    predicted, reference = pair(seed)
    ours = surface_distances(predicted, reference, spacing, Definition.MONAI)
    assert hausdorff(ours) == pytest.approx(medpy.hd(predicted, reference, spacing))
    assert average_distances(ours)[0] == pytest.approx(medpy.asd(predicted, reference, spacing))
    assert average_symmetric_distance(ours) == pytest.approx(medpy.assd(predicted, reference, spacing))
    pooled = np.percentile(np.concatenate([ours.to_reference.mm, ours.to_predicted.mm]), 95)
    assert medpy.hd95(predicted, reference, spacing) == pytest.approx(pooled)
    assert hausdorff(ours, 95) >= pooled


def test_simpleitks_hausdorff_distance_does_not_see_a_hole() -> None:
    """It measures between all voxels, not surfaces: from the hole to the voxel beside it are 2 mm.

    The voxels beside the hole are a surface too, which lies 15 mm from the outer one (three slices of 5 mm; both
    other ways are longer).
    """
    whole = np.zeros((9, 17, 23), np.bool_)
    whole[1:8, 2:15, 2:21] = True
    hollow = whole.copy()
    hollow[4, 8, 11] = False
    images = [SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in (hollow, whole)]
    for image in images:
        image.SetSpacing((2.0, 3.0, 5.0))
    theirs = SimpleITK.HausdorffDistanceImageFilter()
    theirs.Execute(*images)
    assert theirs.GetHausdorffDistance() == 2
    assert hausdorff(surface_distances(hollow, whole, (5.0, 3.0, 2.0), Definition.MONAI)) == 15


def test_medpy_gives_up_where_a_mask_is_empty() -> None:
    one, empty = blobs(1)[0], np.zeros((9, 17, 22), np.bool_)
    with pytest.raises(RuntimeError, match="does not contain any binary object"):
        medpy.hd(one, empty, (2.5, 0.8, 0.7))
    assert hausdorff(surface_distances(one, empty, (2.5, 0.8, 0.7))) == np.inf
