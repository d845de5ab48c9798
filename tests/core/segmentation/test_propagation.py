"""An object is carried from slice to slice and ends where it ends; checked by hand, and on the samples."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cc3d
import numpy as np
import numpy.typing as npt
import pytest

from core.errors import PromptError
from core.imaging import samples
from core.imaging.volume import TUMOUR, Volume
from core.scoring.overlap import dice
from core.segmentation.embeddings import Embeddings
from core.segmentation.likeness import Stop, attached, next_box
from core.segmentation.prompt import Box, Prompt
from core.segmentation.propagation import Seed, Step, propagate
from core.segmentation.segmenter import Embedding, Prediction, Segmenter
from tests.core.segmentation.bright import Bright, block, bright_volume

Bools = npt.NDArray[np.bool_]
BODY = block(10, 12, 18, 24)  # 8 × 12 = 96 voxels
ROUND_IT = Prompt(Box(8, 10, 20, 26))


def steps(volume: Volume, seeds: Mapping[int, Seed], **asked: object) -> list[Step]:
    return list(propagate(volume, seeds, Bright(), Embeddings(10**6), **asked))  # type: ignore[arg-type]


def by_slice(found: list[Step]) -> dict[int, Step]:
    assert len({step.z for step in found}) == len(found), "every slice comes once"
    return {step.z: step for step in found}


def test_a_box_is_carried_to_every_slice_of_the_object_and_ends_beyond_it() -> None:
    found = by_slice(steps(bright_volume(dict.fromkeys(range(3, 8), BODY), 12), {5: ROUND_IT}))
    assert sorted(found) == [2, 3, 4, 5, 6, 7, 8]
    assert all(np.array_equal(found[z].mask, BODY) for z in range(3, 8))
    assert {z: step.stopped for z, step in found.items() if step.stopped} == {2: Stop.DIED, 8: Stop.DIED}
    assert not found[2].mask.any()


def test_the_seed_comes_first_and_then_both_ways_in_turn() -> None:
    found = steps(bright_volume(dict.fromkeys(range(3, 8), BODY), 12), {5: ROUND_IT})
    assert [step.z for step in found] == [5, 6, 4, 7, 3, 8, 2]


def test_every_slice_is_asked_with_the_box_of_the_slice_before_and_one_voxel_more() -> None:
    moving = {5: block(10, 12, 18, 24), 6: block(11, 13, 18, 24), 7: block(11, 13, 17, 23)}
    found = by_slice(steps(bright_volume(moving, 9), {5: ROUND_IT}))
    assert found[5].box == ROUND_IT.box
    assert found[6].box == Box(9, 11, 19, 25)
    assert found[7].box == Box(10, 12, 19, 25)


def test_a_box_grows_by_two_voxels_on_a_slice_of_512_and_stays_on_it() -> None:
    mask = np.zeros((512, 400), np.bool_)
    mask[1:9, 100:120] = True
    assert next_box(mask) == Box(0, 98, 11, 122)


@pytest.mark.parametrize(
    ("at_6", "hu", "score", "why"),
    [
        (block(13, 16, 14, 18), 200, 230, Stop.DIED),  # 2 of 96 voxels: under 3 %
        (BODY, 200, 152, Stop.UNSURE),  # 152 / 255 = 0.596
        (block(17, 11, 19, 25), 200, 230, Stop.STRAYED),  # 12 of its 28 voxels lie on the mask before
        (block(9, 11, 19, 25), 200, 230, None),  # 140 of 96 voxels
        (BODY, 206, 230, None),  # of a window of 255 HU, 2.5 % are 6.4
        (BODY, 207, 230, Stop.DRIFTED),
        (BODY, 194, 230, None),
        (BODY, 193, 230, Stop.DRIFTED),
    ],
)
def test_a_walk_ends_by_its_rules(at_6: Bools, hu: int, score: int, why: Stop | None) -> None:
    volume = bright_volume({5: BODY, 6: at_6}, 9, hu={6: hu}, score={6: score})
    assert by_slice(steps(volume, {5: ROUND_IT}))[6].stopped is why


def test_an_area_that_more_than_doubles_ends_a_walk() -> None:
    small = block(12, 14, 15, 17)  # 9 voxels; the next box has 5 × 5
    for rows, why in ((16, Stop.JUMPED), (14, None)):  # 25 and 15 voxels
        volume = bright_volume({5: small, 6: block(11, 13, rows, 18)}, 9)
        assert by_slice(steps(volume, {5: ROUND_IT}))[6].stopped is why


def test_a_noisy_object_may_drift_by_its_own_standard_deviation() -> None:
    volume = bright_volume({5: BODY, 6: BODY}, 9, hu={6: 215})
    checks = np.indices(BODY.shape).sum(axis=0) % 2 * 40 - 20
    voxels = volume.hu.copy()
    voxels[5] += np.where(BODY, checks, 0).astype(np.int16)  # 180 and 220: mean 200, deviation 20
    noisy = Volume(voxels, volume.grid, volume.source)
    assert by_slice(steps(noisy, {5: ROUND_IT}))[6].stopped is None


def test_the_range_given_is_not_left() -> None:
    found = by_slice(steps(bright_volume(dict.fromkeys(range(12), BODY), 12), {5: ROUND_IT}, first=4, last=8))
    assert sorted(found) == [4, 5, 6, 7, 8]
    assert {z: step.stopped for z, step in found.items() if step.stopped} == {4: Stop.LIMIT, 8: Stop.LIMIT}
    assert found[8].mask.any()


def test_the_end_of_the_volume_is_no_reason_to_tell() -> None:
    found = steps(bright_volume(dict.fromkeys(range(4), BODY), 4), {1: ROUND_IT})
    assert sorted(step.z for step in found) == [0, 1, 2, 3]
    assert not any(step.stopped for step in found)


def test_a_mask_is_taken_as_it_is_and_carried() -> None:
    hole = BODY & ~block(13, 15, 14, 17)
    found = by_slice(steps(bright_volume(dict.fromkeys(range(3, 8), BODY), 12), {4: hole}))
    assert np.array_equal(found[4].mask, hole)
    assert math.isnan(found[4].score)
    assert found[4].prompt is None
    assert np.array_equal(found[7].mask, BODY)


def test_specks_beside_the_object_are_left_out() -> None:
    speck = block(9, 11, 10, 12)
    found = by_slice(steps(bright_volume({5: BODY, 6: BODY | speck}, 9), {5: ROUND_IT}))
    assert np.array_equal(found[6].mask, BODY | speck), "it touches at a corner"
    far = block(9, 25, 10, 26)
    assert np.array_equal(attached(BODY | far, BODY), BODY)
    assert np.array_equal(attached(far, BODY), far), "a mask without any touching part is for the rules to judge"


def test_between_two_seeds_the_nearer_one_counts_more() -> None:
    class Copying(Bright):
        """Answers with its box less one voxel, so that each walk keeps the shape of its own seed."""

        def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
            found = super().predict(embedding, prompt)
            box = self.asked[-1]
            return replace(found, mask=block(box.y0 + 1, box.x0 + 1, box.y1 - 1, box.x1 - 1))

    volume = bright_volume(dict.fromkeys(range(9), block(6, 8, 22, 30)), 9)
    seeds: dict[int, Seed] = {2: block(8, 10, 20, 20), 7: block(8, 10, 20, 26)}
    found = by_slice(list(propagate(volume, seeds, Copying(), Embeddings(10**6), first=2, last=7)))
    # Column x on row 14 lies 19.5 - x deep in one mask and 25.5 - x in the other, which weigh 4:1, 3:2, 2:3 and 1:4;
    # the blended edges lie at 20.7, 21.9, 23.1 and 24.3.
    assert [int(found[z].mask[14].sum()) for z in range(2, 8)] == [10, 11, 12, 14, 15, 16]
    assert [found[z].origin for z in range(3, 7)] == [2, 2, 7, 7]


def test_where_one_walk_ends_between_seeds_the_other_answers() -> None:
    volume = bright_volume(dict.fromkeys(range(2, 9), BODY), 12, hu={3: 230, 4: 230})  # unlike both seeds
    found = by_slice(steps(volume, {2: BODY, 7: BODY}))
    assert [found[z].origin for z in (5, 6)] == [7, 7]
    assert not found[3].mask.any()
    assert not found[4].mask.any()
    assert found[3].stopped is Stop.DRIFTED


def test_a_cancelled_walk_leaves_what_was_done_and_begins_no_other_slice() -> None:
    model, said = Bright(), iter([False] * 3)
    volume = bright_volume(dict.fromkeys(range(12), BODY), 12)
    found = list(propagate(volume, {5: ROUND_IT}, model, Embeddings(10**6), cancelled=lambda: next(said, True)))
    assert [step.z for step in found] == [5, 6, 4]
    assert model.embedded == 3


def test_cancelled_between_seeds_the_slices_of_one_walk_come_out() -> None:
    said = iter([False] * (2 + 3))  # two seeds, no slices beyond them, three between
    volume = bright_volume(dict.fromkeys(range(12), BODY), 12)
    seeds: dict[int, Seed] = {2: BODY, 8: BODY}
    found = steps(volume, seeds, first=2, last=8, cancelled=lambda: next(said, True))
    assert [step.z for step in found] == [2, 8, 3, 4, 5]


def test_progress_rises_to_its_end_however_early_a_walk_stops() -> None:
    told: list[tuple[int, int]] = []
    volume = bright_volume(dict.fromkeys(range(3, 8), BODY), 12)
    steps(volume, {4: ROUND_IT, 6: BODY}, progress=lambda done, most: told.append((done, most)))
    assert told[-1] == (2 + 4 + 5 + 2 * 1, 13)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


@pytest.mark.parametrize(
    ("seeds", "limits", "words"),
    [
        ({5: Prompt(Box(0, 30, 4, 38))}, {}, "Nothing was found on slice 6 to carry on. Mark the object there again"),
        ({5: np.zeros((30, 40), np.bool_)}, {}, "Nothing was found on slice 6"),
        ({12: BODY}, {}, "slice 13 lies outside the slices 1 to 12"),
        ({5: BODY}, {"first": 6, "last": 8}, "slice 6 lies outside the slices 7 to 9"),
    ],
)
def test_a_seed_that_shows_nothing_is_told(seeds: dict[int, Seed], limits: dict[str, int], words: str) -> None:
    with pytest.raises(PromptError, match=words):
        steps(bright_volume(dict.fromkeys(range(12), BODY), 12), seeds, **limits)


def test_a_mask_of_another_slice_size_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="must be bool of"):
        steps(bright_volume({5: BODY}, 12), {5: np.ones((40, 30), np.bool_)})
    with pytest.raises(ValueError, match="at least one"):
        steps(bright_volume({5: BODY}, 12), {})


def test_two_propagations_at_once_find_what_each_finds_alone() -> None:
    volume = bright_volume(dict.fromkeys(range(3, 9), BODY), 12)
    other = bright_volume(dict.fromkeys(range(2, 11), block(4, 20, 13, 31)), 12)
    asked = [(volume, {5: ROUND_IT}), (other, {7: Prompt(Box(3, 19, 14, 33))})] * 4
    alone = [{step.z: step.mask.tobytes() for step in steps(ct, dict(seeds))} for ct, seeds in asked[:2]]
    model, shared = Bright(), Embeddings(10**6)
    with ThreadPoolExecutor(8) as threads:
        runs = [threads.submit(lambda a: list(propagate(a[0], a[1], model, shared)), one) for one in asked]
        found = [{step.z: step.mask.tobytes() for step in run.result()} for run in runs]
    assert found == alone * 4


@pytest.fixture(scope="module")
def shared() -> Embeddings:
    return Embeddings(2**28)


def lesion(labels: npt.NDArray[np.uint8], rank: int = 0) -> Bools:
    """One connected tumour, by size."""
    parts = cc3d.connected_components((labels == TUMOUR).astype(np.uint8), connectivity=26)
    sizes = np.bincount(parts.ravel())[1:]
    return np.asarray(parts == int(np.argsort(sizes)[::-1][rank]) + 1)


def carried(volume: Volume, truth: Bools, model: Segmenter, shared: Embeddings) -> Bools:
    z = int(truth.sum(axis=(1, 2)).argmax())
    rows, columns = np.flatnonzero(truth[z].any(axis=1)), np.flatnonzero(truth[z].any(axis=0))
    box = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    mask = np.zeros(truth.shape, np.bool_)
    for step in propagate(volume, {z: Prompt(box)}, model, shared):
        mask[step.z] = step.mask
    return mask


def test_one_box_finds_the_whole_tumour_of_the_phantom(lite_as_chosen: Segmenter, shared: Embeddings) -> None:
    volume, labels = samples.phantom()
    truth = lesion(np.asarray(labels.voxels, np.uint8))
    assert dice(carried(volume, truth, lite_as_chosen, shared), truth) > 0.95


def test_two_propagations_of_the_model_at_once_equal_each_alone(lite_as_chosen: Segmenter, shared: Embeddings) -> None:
    volume, labels = samples.phantom()
    truths = [lesion(np.asarray(labels.voxels, np.uint8), rank) for rank in (0, 1)]
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(carried, volume, truth, lite_as_chosen, shared) for truth in truths]
        at_once = [run.result() for run in runs]
    alone = [carried(volume, truth, lite_as_chosen, shared) for truth in truths]
    assert all(np.array_equal(*pair) for pair in zip(at_once, alone, strict=True))


def test_one_box_finds_a_real_tumour(lite_as_chosen: Segmenter, shared: Embeddings) -> None:
    """The fourth largest of LiTS-117, on 25 slices; the largest is several that have grown together."""
    volume, labels = samples.lits_117()
    truth = lesion(np.asarray(labels.voxels, np.uint8), rank=3)
    assert np.flatnonzero(truth.any(axis=(1, 2)))[[0, -1]].tolist() == [62, 86]
    assert dice(carried(volume, truth, lite_as_chosen, shared), truth) > 0.7


def test_on_a_device_that_likes_it_several_slices_are_encoded_at_once() -> None:
    class Together(Bright):
        batch = 3

        def __init__(self) -> None:
            super().__init__()
            self.together: list[int] = []

        def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
            self.together.append(len(images))
            return super().embed_many(images)

    model = Together()
    volume = bright_volume(dict.fromkeys(range(12), BODY), 12)
    found = list(propagate(volume, {4: ROUND_IT}, model, Embeddings(10**6)))
    assert len(found) == 12
    assert model.together == [1, 3, 3, 3, 1, 1]  # the seed; 5–7 and 3–1; 8–10 and 0; 11
