"""The engine that computes here is the fastest that agrees with plain torch, and the choice outlives the process."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from time import sleep, time

import numpy as np
import pytest
import torch

from core import __main__ as cli
from core.errors import WeightsError
from core.segmentation import choosing, engines, selftest, weights
from core.segmentation.engines import NAMES, PLAIN, Engine
from core.segmentation.networks import Network
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter
from core.segmentation.selftest import Scene, Trial

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def shown() -> Scene:
    """Two masks of 6 and 4 pixels, and features of length 5."""
    low = torch.zeros(2, 1, 4, 5, dtype=torch.bool)
    low[0, 0, 1:3, 1:4] = True
    low[1, 0, 0, :4] = True
    return Scene(torch.zeros(1, 3, 4, 5), torch.zeros(2, 4), torch.tensor([[3.0, 4.0]]), low)


def engine(name: str, features: list[float], low: torch.Tensor) -> Engine:
    return Engine(name, lambda _: torch.tensor([features]), lambda *_: (low.float() - 0.5, torch.ones(len(low))), {})


def test_agreement_is_the_mean_iou_of_the_masks_and_drift_a_share_of_the_features(shown: Scene) -> None:
    low = shown.low.clone()
    low[0, 0, 1, 1] = False  # 5 of 6 are left
    trial = selftest.checked(engine("a", [3.0, 4.5], low), shown)
    assert trial.agreement == pytest.approx((5 / 6 + 1) / 2)
    assert trial.drift == pytest.approx(0.5 / 5)
    assert "agree with those of plain torch only to 0.917" in trial.problem


@pytest.mark.parametrize(("features", "fits"), [([3.0, 4.4], True), ([3.0, 4.6], False), ([float("nan"), 4.0], False)])
def test_features_that_drift_or_are_no_numbers_are_refused(shown: Scene, features: list[float], fits: bool) -> None:
    assert (selftest.checked(engine("a", features, shown.low), shown).problem == "") is fits


def test_the_fastest_that_agrees_is_chosen_and_the_refused_are_told(
    shown: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"quick but wrong": 1.0, "good": 4.0, "as good as that": 3.5, "slow": 9.0}
    running: list[str] = []

    def making(name: str, low: torch.Tensor) -> Engine:
        made = engine(name, [3.0, 4.0], low)
        return Engine(name, lambda x: (running.append(name), made.encode(x))[1], made.decode, {})

    def broken() -> Engine:
        raise RuntimeError("no such instruction")

    def timed(call: Callable[[], object]) -> float:
        call()
        return times[running[-1]]

    monkeypatch.setattr(selftest, "_milliseconds", timed)
    chosen, trials = selftest.compare(
        {
            "broken": broken,
            "quick but wrong": lambda: making("quick but wrong", ~shown.low),
            "good": lambda: making("good", shown.low),
            "as good as that": lambda: making("as good as that", shown.low),
            "slow": lambda: making("slow", shown.low),
        },
        shown,
        rounds=2,
    )
    assert chosen.name == "good"
    assert running[-6:] == ["good", "as good as that", "slow"] * 2
    told = selftest.reason(chosen.name, trials)
    assert told.startswith("Fastest here of as good as that 4 + 4 ms, good 4 + 4 ms, slow 9 + 9 ms (slice + box)")
    assert "broken was refused: it fails here (RuntimeError: no such instruction)" in told
    assert "quick but wrong was refused: its masks agree" in told


def test_an_engine_that_is_clearly_faster_is_chosen_wherever_it_stands(
    shown: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = iter([4.0, 1.0, 3.0, 1.0])  # encode and decode of the first, then of the second: 5 ms and 4 ms
    monkeypatch.setattr(selftest, "_milliseconds", lambda _: next(taken))
    makers = {name: lambda name=name: engine(name, [3.0, 4.0], shown.low) for name in ("first", "second")}
    assert selftest.compare(makers, shown, rounds=1)[0].name == "first"  # 5 is not more than 1.25 times 4
    taken = iter([4.1, 1.0, 3.0, 1.0])
    assert selftest.compare(makers, shown, rounds=1)[0].name == "second"


def test_the_scene_has_the_liver_and_tumours_of_the_phantom(lite: Segmenter) -> None:
    place, recipe = lite._place, lite._recipe  # type: ignore[attr-defined]
    real = selftest.scene(recipe, engines.torch_engine(place.network, PLAIN))
    assert real.boxes.shape[0] >= 2
    assert all(20 < int(mask.sum()) < 256 * 256 / 3 for mask in real.low)
    assert selftest.checked(engines.torch_engine(place.network, PLAIN), real).agreement == pytest.approx(1, abs=1e-3)


def test_what_a_user_gets_is_one_of_the_possible_engines_with_its_reason(lite_as_chosen: Segmenter) -> None:
    note = lite_as_chosen.engine
    assert note.name in engines.possible()
    assert choosing.told(lite_as_chosen.card) == note
    assert "Fastest here of" in note.reason


def test_the_command_line_says_which_engine_and_why(
    lite_as_chosen: Segmenter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models"]) == 0
    assert f"{lite_as_chosen.engine.name}. {lite_as_chosen.engine.reason}" in capsys.readouterr().out


def test_the_command_line_does_not_guess_an_engine_that_was_not_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    assert cli.main(["models"]) == 0
    assert "Its engine is chosen when it is first used." in capsys.readouterr().out


def test_the_second_start_tries_nothing_out(lite_as_chosen: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_first", None)
    assert weights.load(device="cpu", engine="auto").engine == lite_as_chosen.engine


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_told_while_engines_are_tried_out_and_no_longer(
    lite: Segmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    place, recipe = lite._place, lite._recipe  # type: ignore[attr-defined]
    told = []

    def compared(*_: object) -> tuple[Engine, list[Trial]]:
        told.append(choosing.is_trying(lite.card))
        if fails:
            raise MemoryError
        return engines.torch_engine(place.network, PLAIN), [Trial(PLAIN, 1, 1, 1)]

    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    monkeypatch.setattr(choosing, "_compared", compared)
    assert not choosing.is_trying(lite.card)
    with pytest.raises(MemoryError) if fails else nullcontext():
        choosing.choose(place.network, recipe, lite.card, "auto")
    assert told == [True]
    assert not choosing.is_trying(lite.card)


@pytest.mark.parametrize("fails", [False, True])
def test_plain_torch_answers_while_engines_are_tried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fails: bool
) -> None:
    go = Event()

    def compared(network: Network, *_: object) -> tuple[Engine, list[Trial]]:
        go.wait(60)
        if fails:
            raise RuntimeError("no such instruction")
        return engines.torch_engine(network, "torch bf16"), [Trial("torch bf16", 1, 1, 1)]

    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    monkeypatch.delenv(choosing.ASKED, raising=False)
    monkeypatch.setattr(choosing, "_compared", compared)
    model = weights.load(device="cpu", at_once=True)
    try:
        assert choosing.is_trying(model.card)
        assert model.engine.name == PLAIN
        picture = np.zeros((64, 64), np.uint8)
        picture[20:40, 20:40] = 200
        before = model.predict(model.embed(picture), Prompt(Box(18, 18, 42, 42)))
    finally:
        go.set()
    for _ in range(200):
        if not choosing.is_trying(model.card) and "tried out;" not in model.engine.reason:
            break
        sleep(0.05)
    assert model.engine.name == (PLAIN if fails else "torch bf16")
    assert ("RuntimeError" in model.engine.reason) is fails is ("No engine could be chosen" in caplog.text)
    after = model.predict(model.embed(picture), Prompt(Box(18, 18, 42, 42)))
    assert (before.mask & after.mask).sum() > 0.9 * (before.mask | after.mask).sum() > 0


def test_a_choice_that_is_kept_is_waited_for(lite_as_chosen: Segmenter) -> None:
    assert weights.load(device="cpu", at_once=True).engine == lite_as_chosen.engine


@pytest.mark.parametrize("damage", ["encoder.blob", "scene.npz", "choice.json"])
def test_files_that_went_bad_lead_to_another_test_and_not_to_wrong_masks(
    lite_as_chosen: Segmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    if not lite_as_chosen.engine.name.startswith("OpenVINO"):
        pytest.skip("nothing was compiled on this machine")
    card, network = lite_as_chosen.card, lite_as_chosen._place.network  # type: ignore[attr-defined]
    before = choosing._folder(card)
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    now = choosing._folder(card)
    now.mkdir(parents=True)
    for file in before.iterdir():
        content = file.read_bytes()
        (now / file.name).write_bytes(content[: len(content) // 2] if file.name == damage else content)
    assert choosing._restored(card, network) is None
    (now / damage).write_bytes((before / damage).read_bytes())
    assert choosing._restored(card, network) is not None


def test_an_engine_that_computes_otherwise_than_when_it_was_chosen_is_tried_anew(
    lite: Segmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place, recipe = lite._place, lite._recipe  # type: ignore[attr-defined]
    plain = engines.torch_engine(place.network, PLAIN)
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    real = selftest.scene(recipe, plain)
    choosing._keep(lite.card, plain, "why", real, PLAIN)
    assert choosing._restored(lite.card, place.network) is not None
    choosing._keep(lite.card, plain, "why", Scene(real.pictures, real.boxes, real.features * 1.2, real.low), PLAIN)
    with caplog.at_level(logging.WARNING):
        assert choosing._restored(lite.card, place.network) is None
    assert "is tried out anew (its masks agree" in caplog.text


@pytest.mark.parametrize(
    ("usual", "minutes", "stands"), [(PLAIN, 120, True), (NAMES[0], 30, True), (NAMES[0], 90, False)]
)
def test_a_choice_against_experience_is_tried_again_an_hour_later(
    lite: Segmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usual: str, minutes: int, stands: bool
) -> None:
    place, recipe = lite._place, lite._recipe  # type: ignore[attr-defined]
    plain = engines.torch_engine(place.network, PLAIN)
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    choosing._keep(lite.card, plain, "why", selftest.scene(recipe, plain), usual)
    file = choosing._folder(lite.card) / "choice.json"
    os.utime(file, (time() - 60 * minutes,) * 2)
    assert (choosing._restored(lite.card, place.network) is not None) is stands


def test_an_engine_asked_for_that_is_wrong_gives_way_to_plain_torch_loudly(
    lite: Segmenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place, recipe = lite._place, lite._recipe  # type: ignore[attr-defined]
    right = engines.torch_engine

    def wrong(network: object, name: str) -> Engine:
        made = right(network, name)  # type: ignore[arg-type]
        return made if name == PLAIN else Engine(name, lambda x: made.encode(x) * 1.5, made.decode, {})

    monkeypatch.setattr(choosing, "torch_engine", wrong)
    with caplog.at_level(logging.WARNING):
        chosen, note = choosing.choose(place.network, recipe, lite.card, "torch bf16")
    assert (chosen, note.name) == (None, PLAIN)
    assert "torch bf16 was asked for, but its masks agree" in note.reason
    assert note.reason in caplog.text


def test_an_engine_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(WeightsError, match=r"no engine 'abacus'\. LOBULE_ENGINE may be: auto, OpenVINO bf16"):
        weights.load(device="cpu", engine="abacus")


def test_only_the_latest_choices_are_kept(lite: Segmenter, tmp_path: Path, shown: Scene) -> None:
    folders = [tmp_path / f"{k}" for k in range(choosing._FOLDERS_KEPT + 2)]
    for folder in folders:
        folder.mkdir()
        (folder / "choice.json").write_text(json.dumps({}))
    choosing._make_room(tmp_path)
    assert len(list(tmp_path.iterdir())) == choosing._FOLDERS_KEPT


def test_precision_is_the_last_word_of_every_engine() -> None:
    assert {engines.precision_of(name) for name in NAMES} == {"bf16", "fp32"}
    assert all(name.endswith(engines.precision_of(name)) for name in NAMES)


@pytest.mark.skipif(not engines.has_openvino(), reason="OpenVINO has no wheel for this machine")
def test_openvino_sends_nothing_and_leaves_nothing_in_the_users_home(tmp_path: Path) -> None:
    code = """
import sys
asked = []
sys.addaudithook(lambda event, args: asked.append(event) if event in ("socket.connect", "socket.getaddrinfo") else None)
from core.segmentation import openvino_runtime
openvino_runtime.precisions()
import openvino, time
time.sleep(1)
print(asked, sys.modules["openvino_telemetry"])
"""
    environment = {"HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.stdout.strip() == "[] None", done.stderr
    assert list(tmp_path.iterdir()) == []
