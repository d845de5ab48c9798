import math

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scoring.agreement import disagreement, majority, pairwise_dice, staple, votes
from tests.core.scoring.shapes import Bools, blobs, drawn

READERS = [drawn("xxxx...."), drawn(".xxxx..."), drawn(".xxxxx..")]


def readers(seed: int, count: int) -> list[Bools]:
    """Draw readers of one truth, each wrong in a share of the voxels of his own."""
    rng = np.random.default_rng(seed)
    truth = blobs(seed)[0]
    return [truth ^ (rng.random(truth.shape) < 0.02 * (k + 1)) for k in range(count)]


def test_pairwise_dice_by_hand() -> None:
    expected = [[1, 6 / 8, 6 / 9], [6 / 8, 1, 8 / 9], [6 / 9, 8 / 9, 1]]
    np.testing.assert_allclose(pairwise_dice(READERS), expected)


def test_votes_majority_and_disagreement_by_hand() -> None:
    assert votes(READERS).ravel().tolist() == [1, 3, 3, 3, 2, 1, 0, 0]
    assert majority(READERS).tolist() == drawn(".xxxx...").tolist()
    np.testing.assert_allclose(disagreement(READERS).ravel(), [8 / 9, 0, 0, 0, 8 / 9, 8 / 9, 0, 0], rtol=1e-6)


def test_half_of_two_readers_is_no_majority() -> None:
    assert majority(READERS[:2]).tolist() == (READERS[0] & READERS[1]).tolist()
    assert disagreement(READERS[:2]).max() == 1


@pytest.mark.parametrize(("count", "within"), [(2, 0.01), (3, 1e-4), (5, 1e-4)])
def test_staple_equals_itk(count: int, within: float) -> None:
    """Two readers leave the likelihood nearly flat; there ITK stops before it has arrived."""
    masks = readers(count, count)
    images = [SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    itk = SimpleITK.STAPLEImageFilter()
    itk.SetForegroundValue(1)
    theirs = SimpleITK.GetArrayFromImage(itk.Execute(images))
    ours = staple(masks)
    np.testing.assert_allclose(ours.probability, theirs, atol=within)
    np.testing.assert_allclose(ours.sensitivity, itk.GetSensitivity(), atol=within)
    np.testing.assert_allclose(ours.specificity, itk.GetSpecificity(), atol=within)


def test_staple_trusts_the_better_reader() -> None:
    found = staple(readers(1, 4))
    assert (np.diff(found.sensitivity) < 0).all()
    assert pairwise_dice([found.consensus, blobs(1)[0]])[0, 1] > 0.9


def test_where_nobody_saw_anything_there_is_nothing() -> None:
    found = staple([drawn("....")] * 3)
    assert not found.consensus.any()
    assert np.isnan(found.sensitivity).all()
    assert math.isnan(pairwise_dice([drawn("....")] * 2)[0, 1])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_agreeing_readers_get_what_they_drew(seed: int, count: int) -> None:
    truth = blobs(seed)[0]
    found = staple([truth] * count)
    assert (found.consensus == truth).all()
    assert (majority([truth] * count) == truth).all()
    assert disagreement([truth] * count).max() == 0


def test_one_reader_cannot_agree() -> None:
    with pytest.raises(ValueError, match="2 to 16 masks, got 1"):
        pairwise_dice(READERS[:1])
    with pytest.raises(ValueError, match="reference"):
        votes([READERS[0], READERS[1][:, :, 1:]])
    with pytest.raises(ValueError, match="prior"):
        staple(READERS, prior=1.5)
