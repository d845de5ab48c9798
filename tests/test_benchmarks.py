"""What the benchmarks print rests on a few small functions."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, engine, phantom, scoring, training, workspace
from core.imaging.window import Window
from core.scoring.overlap import dice
from core.segmentation.prompt import Box
from core.segmentation.segmenter import Segmenter
from tests.core.segmentation.conftest import lite_as_chosen  # noqa: F401  a fixture


def test_islands_touch_at_corners_and_small_ones_are_left_out() -> None:
    mask = np.zeros((20, 30), np.bool_)
    mask[0:5, 0:7] = mask[5:10, 7:14] = True  # 35 + 35 voxels that touch at a corner
    mask[15:20, 20:29] = True  # 45: too small
    (island,) = accuracy.islands(mask)
    assert island.sum() == 70
    assert accuracy.tight_box(island) == Box(0, 0, 10, 14)


def test_no_edge_moves_further_than_15_percent_of_the_shorter_side() -> None:
    box, rng = Box(100, 200, 140, 300), np.random.default_rng(0)  # 15 % of 40 is 6
    drawn = [accuracy.jitter(box, rng) for _ in range(500)]
    moved = np.array([[d.y0 - 100, d.x0 - 200, d.y1 - 140, d.x1 - 300] for d in drawn])
    assert (moved.min(axis=0) == -6).all()
    assert (moved.max(axis=0) == 6).all()
    assert abs(moved.mean()) < 0.5


def test_the_same_seed_draws_the_same_boxes() -> None:
    first, second = (accuracy.jitter(Box(3, 4, 50, 90), np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_accuracy_scores_exact_and_jittered_boxes(lite_as_chosen: Segmenter) -> None:  # noqa: F811
    scores = accuracy.evaluate(lite_as_chosen, Window(40, 400), every=64, rng=np.random.default_rng(1))
    assert {kind for _, kind in scores.values} == {"exact", "jittered 15%"}
    for label in ("liver", "tumour"):
        assert len(scores.values[label, "jittered 15%"]) == 3 * len(scores.values[label, "exact"]) > 0
    assert np.median(scores.values["liver", "exact"]) > 0.85  # one large object; four small tumours say too little
    assert "| tumour | exact |" in scores.table()
    assert len(scores.trust) == sum(len(scores.values[label, "exact"]) for label in ("liver", "tumour"))
    assert all(0 <= figure <= 1 for _, *figures in scores.trust for figure in figures)
    assert scores.told_slices() == "2 slices: 33, 97."  # indices 32 and 96 of 128


def test_trust_is_told_as_rank_correlation_with_its_number_of_boxes() -> None:
    scores = accuracy.Scores()
    for value, figure, score in ((0.5, 0.6, 0.9), (0.7, 0.8, 0.8), (0.9, 0.95, 0.7), (0.8, 0.9, 0.75)):
        scores.trust.append(("tumour", value, figure, score))
    assert scores.told_trust().splitlines()[2:] == ["| tumour | 4 | 1.00 | -1.00 |"]


def test_lesions_are_told_apart_and_small_ones_left_out() -> None:
    tumour = np.zeros((20, 40, 50), np.bool_)
    tumour[2:12, 3:13, 4:15] = True  # 1100
    tumour[12, 13, 15] = True  # touches at a corner
    tumour[2:12, 20:30, 4:13] = True  # 900: too small
    tumour[3:15, 30:40, 30:40] = True  # 1200
    assert [int(lesion.sum()) for lesion in accuracy.lesions(tumour)] == [1200, 1101]


def test_one_box_on_the_phantom_is_carried_to_its_lesions(lite_as_chosen: Segmenter) -> None:  # noqa: F811
    rows = accuracy.carried_lesions(lite_as_chosen, Window(40, 400), np.random.default_rng(1), ("phantom",))
    assert [(row.voxels, row.slices, row.box_slice) for row in rows] == [(8913, 12, 26), (1235, 6, 30)]
    assert rows[0].dice > 0.9
    assert "| phantom | 8,913 | 12 | 26 | 0.9" in accuracy.lesion_table(rows)
    assert "| phantom, mean (median) of 2 |" in accuracy.lesion_table(rows)


def test_ratios_of_the_engine_are_of_the_shortest_and_of_the_median() -> None:
    times = {"slow": [30.0, 10.0, 40.0], "quick": [4.0, 5.0, 10.0]}
    assert engine.table("step", times, "slow").splitlines()[2:4] == [
        "| slow | 10.0 | 30.0 | 1.00 | 1.00 |",
        "| quick | 4.0 | 5.0 | 2.50 | 6.00 |",
    ]


def test_steps_take_turns_and_the_first_round_only_warms_up() -> None:
    called: list[str] = []
    times = engine.measure({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2)
    assert "".join(called) == "ababab"
    assert [len(taken) for taken in times.values()] == [2, 2]


def test_the_engine_is_timed_on_slices_of_512_that_all_differ() -> None:
    volume = phantom.enlarged(5)
    assert volume.grid.shape == (5, 512, 512)
    assert len({volume.hu[z].tobytes() for z in range(5)}) == 5


def test_encoding_a_ct_is_told_with_its_size_on_disk(lite_as_chosen: Segmenter) -> None:  # noqa: F811
    told = engine.whole_ct(lite_as_chosen, 2)
    assert told.startswith("2 slices of 512 × 512 encoded and written:")
    assert "4 MB on disk" in told  # 2 of 256 × 64 × 64 numbers of 2 bytes


def test_the_scoring_benchmark_compares_like_with_like() -> None:
    tools = scoring.tools()
    assert {"MONAI", "MeshMetrics", "surface-distance", "SimpleITK"} <= tools.keys()
    chosen = {name: tools[name] for name in (scoring.EVERYTHING, scoring.GRID, "Lobule, as surface-distance")}
    results = scoring.measure(chosen, scoring.liver((25, 64, 64)), rounds=1)
    hausdorff = [result.figures[0] for result in results.values()]
    assert max(hausdorff) - min(hausdorff) < 1.5 * max(scoring.SPACING)


def test_the_ratios_of_the_scoring_benchmark_are_to_both_of_ours() -> None:
    taken = {scoring.EVERYTHING: [2.0, 1.0, 9.0], scoring.GRID: [0.5], "MONAI": [10.0]}
    results = {name: scoring.Result((1.0, 2.0, float("nan"), 0.5), seconds, 12.0) for name, seconds in taken.items()}
    assert scoring.table(results).splitlines()[2:] == [
        f"| {scoring.EVERYTHING} | 1.000 | 2.000 | – | 0.500 | 2.00 | 12 | 1.0 | 4.0 |",
        f"| {scoring.GRID} | 1.000 | 2.000 | – | 0.500 | 0.50 | 12 | 0.2 | 1.0 |",
        "| MONAI | 1.000 | 2.000 | – | 0.500 | 10.00 | 12 | 5.0 | 20.0 |",
    ]


def test_the_part_of_the_readme_on_scoring_is_what_the_benchmark_prints() -> None:
    part = scoring.heading((25, 64, 72), rounds=4)
    assert "64 × 72 × 25 voxels, 4 interleaved rounds" in part
    readme = "# A\n\n**Speed**, x\n\n**Scoring**, old\n\n| old |\n\n## Weights\n\n| kept |\n"
    assert scoring.placed(part, readme) == f"# A\n\n**Speed**, x\n\n{part}\n\n## Weights\n\n| kept |\n"
    real = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert scoring.placed("", real).count("**Scoring**, ") == 0
    with pytest.raises(ValueError, match="substring not found"):
        scoring.placed(part, "# B\n")


def test_some_tumours_are_missed_and_some_are_made_up() -> None:
    predicted, reference = scoring.tumours((50, 128, 128))
    assert (predicted & ~reference).any()
    assert (reference & ~predicted).any()
    assert 0.3 < dice(predicted, reference) < 0.95


def test_the_training_benchmark_gives_ratios_of_medians() -> None:
    times = training.Times({training.KEPT: [3.0, 2.0, 9.0], training.ANEW: [12.0, 10.0, 13.0]}, 20)
    assert training.table(times).splitlines()[2:] == [
        "| embeddings kept | 3.0 | 0.15 | 4.0× |",
        "| encoded every time | 12.0 | 0.60 | 1.0× |",
    ]


def test_the_training_benchmark_times_both_ways_on_the_same_slices() -> None:
    times = training.measure(slices=2, rounds=1)
    assert {name: len(seconds) for name, seconds in times.seconds.items()} == {training.KEPT: 1, training.ANEW: 1}


def test_the_lesion_that_is_carried_has_thirty_slices_and_lies_in_its_box() -> None:
    volume, tumour = phantom.enlarged(120), phantom.enlarged_labels(120) == 2
    z, box = engine.LESION_SLICE, engine.LESION_BOX
    assert np.flatnonzero(tumour[:, box.y0 : box.y1, box.x0 : box.x1].any(axis=(1, 2))).tolist() == list(range(50, 80))
    assert not tumour[z, box.y0 - 1, box.x0 : box.x1].any()
    inside = volume.hu[z][tumour[z]].mean()
    assert inside < volume.hu[z][box.y0 : box.y1, box.x0 : box.x1][~tumour[z, box.y0 : box.y1, box.x0 : box.x1]].mean()


def test_a_walk_is_told_in_slices_a_second() -> None:
    assert engine.told_walks(30, {"cold": [6000.0, 5000.0], "cached": [1000.0, 1500.0]}) == (
        "| one box to a lesion of 30 slices | shortest, s | slices a second |\n|---|---|---|\n"
        "| cold | 5.00 | 6.0 |\n| cached | 1.00 | 30.0 |\n"
    )


def test_the_journal_is_timed_beside_its_goal_and_reopening_twice() -> None:
    times = {"a stroke into the journal": [0.002, 0.004, 0.003], "reopening the case, its journal not closed": [0.25]}
    lines = workspace.table(times, 1234).splitlines()
    assert lines[2] == "| a stroke into the journal | 3.00 ms | 3.90 ms | 4.00 ms | 5 ms |"
    assert lines[3] == "| reopening the case, its journal not closed | 0.25 s | 0.25 s | 0.25 s | 1 s |"
    assert lines[-1] == "The journal grows by 1,234 bytes per stroke."


def test_an_ellipsoid_to_draw_has_the_volume_of_one() -> None:
    masks = workspace.ellipsoid((40, 90, 110), (20, 45, 50), (12, 30, 40))
    assert sorted(masks) == list(range(9, 32))
    voxels = sum(int(mask.sum()) for mask in masks.values())
    assert voxels == pytest.approx(4 / 3 * np.pi * 12 * 30 * 40, rel=0.01)
