"""Overlap as SimpleITK, medpy and MONAI count it, on ragged shapes of three different sizes.

Where all masks hold something they agree to the last digit. What they differ in, and why:

- **An empty mask.** Both empty: SimpleITK prints an infinite Dice, medpy warns of a division, MONAI says 1 if told
  not to leave such cases out; nothing was there to find, so ours is undefined and counted. Only the reference empty:
  MONAI says ``nan``, and its mean then leaves out a case in which something was made up; ours is 0.
- **Which mask comes first.** SimpleITK and medpy take no names: swapped, precision and recall change places.
- **Sign.** SimpleITK's volume similarity is signed and relative to the mean of both volumes; medpy's RAVD is signed,
  that of CHAOS is not.
"""

import math
import warnings
from collections.abc import Mapping

import numpy as np
import pytest
import SimpleITK
import torch
from medpy.metric import binary as medpy

from core.scoring.overlap import Confusion, confusion
from tests.core.scoring.shapes import Bools, blobs, drawn

with warnings.catch_warnings():  # its imports use what its own dependencies call old
    warnings.simplefilter("ignore")
    from monai import metrics as monai

EMPTY, SOME = drawn("..... .....", "..... ....."), drawn("..... .xx..", "..... .x...")


def ours(counts: Confusion) -> Mapping[str, float]:
    return {name: getattr(counts, name) for name in ("dice", "iou", "precision", "recall", "specificity", "accuracy")}


def itk(predicted: Bools, reference: Bools) -> SimpleITK.LabelOverlapMeasuresImageFilter:
    found = SimpleITK.LabelOverlapMeasuresImageFilter()
    images = [SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in (predicted, reference)]
    found.Execute(*images)  # source, target: the target is the reference
    return found


@pytest.mark.parametrize("seed", range(5))
def test_as_simpleitk(seed: int) -> None:
    predicted, reference = blobs(seed)
    counts, theirs = confusion(predicted, reference), itk(predicted, reference)
    assert counts.dice == pytest.approx(theirs.GetDiceCoefficient())
    assert counts.iou == pytest.approx(theirs.GetJaccardCoefficient())
    assert counts.recall == pytest.approx(1 - theirs.GetFalseNegativeError())
    assert counts.precision == pytest.approx(1 - theirs.GetFalseDiscoveryRate())
    assert counts.specificity == pytest.approx(1 - theirs.GetFalsePositiveError())
    mean_volume = (counts.predicted + counts.reference) / 2
    assert (counts.fp - counts.fn) / mean_volume == pytest.approx(theirs.GetVolumeSimilarity())


@pytest.mark.parametrize("seed", range(5))
def test_as_medpy(seed: int) -> None:
    predicted, reference = blobs(seed)
    theirs = (medpy.dc, medpy.jc, medpy.precision, medpy.recall, medpy.specificity)
    counts = confusion(predicted, reference)
    assert list(ours(counts).values())[:5] == pytest.approx([metric(predicted, reference) for metric in theirs])
    assert counts.volume_difference_percent == pytest.approx(100 * medpy.ravd(predicted, reference))


@pytest.mark.parametrize("seed", range(5))
def test_as_monai(seed: int) -> None:
    predicted, reference = blobs(seed)
    one, two = (torch.from_numpy(mask.astype(np.float32))[None, None] for mask in (predicted, reference))
    found = ours(confusion(predicted, reference))
    assert found["dice"] == pytest.approx(monai.compute_dice(one, two).item())
    assert found["iou"] == pytest.approx(monai.compute_iou(one, two).item())
    matrix = monai.get_confusion_matrix(one, two)
    for name in ("precision", "recall", "specificity", "accuracy"):
        assert found[name] == pytest.approx(monai.compute_confusion_matrix_metric(name, matrix).item())


def test_what_they_say_of_empty_masks_is_not_what_we_say() -> None:
    empty, some = (torch.from_numpy(mask.astype(np.float32))[None, None] for mask in (EMPTY, SOME))
    assert math.isnan(confusion(EMPTY, EMPTY).dice)
    assert itk(EMPTY, EMPTY).GetDiceCoefficient() == math.inf
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert math.isnan(medpy.dc(EMPTY, EMPTY))
    assert monai.compute_dice(empty, empty, ignore_empty=False).item() == 1
    assert confusion(SOME, EMPTY).dice == 0
    assert math.isnan(monai.compute_dice(some, empty).item())


def test_swapped_masks_swap_what_they_call_precision_and_recall() -> None:
    predicted, reference = blobs(7)
    assert confusion(predicted, reference).recall == pytest.approx(medpy.precision(reference, predicted))
