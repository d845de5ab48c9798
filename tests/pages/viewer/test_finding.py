"""A search beside the page: what the viewer is told of it, how it ends, and what it leaves."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import WeightsError
from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR, Source, Volume
from core.learning import trained
from core.learning.detecting import Detector
from core.segmentation import folders
from core.segmentation.embeddings import Embeddings
from core.workspace.audit import audit_json, read_record
from core.workspace.kept import Window
from core.workspace.ledger import ledger
from core.workspace.library import Library
from core.workspace.replaying import replay
from pages.ui import finders, models
from pages.ui.state import AppState, Case
from pages.ui.viewer import finding
from tests.core.learning.levels import levels, save_levels

STATE = AppState()


def ct() -> Volume:
    """A liver of 60 HU with a tumour of 110 HU in it."""
    hu = np.full((6, 40, 56), -100, np.int16)
    hu[1:5, 6:34, 5:40] = 60
    hu[2:4, 10:16, 10:18] = 110
    grid = Grid.from_geometry(hu.shape, (3.0, 0.7, 0.9))
    return Volume(hu, grid, Source("made up", "sample", grid))


@pytest.fixture
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of networks with one in it; none comes with Lobule."""
    folder = tmp_path / "networks"
    save_levels(folder)
    kept = Embeddings(1 << 20)
    monkeypatch.setattr(models, "embeddings", lambda: kept)
    for module, listing in ((finders, "available_networks"), (finders, "load_network")):
        monkeypatch.setattr(module, listing, _within(getattr(trained, listing), folder))
    return folder


def _within(function: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    return partial(function, folder=folder)


def told(case: Case) -> dict[str, Any]:
    answer = finding.progress(STATE, case, SimpleNamespace(), b"")  # type: ignore[arg-type]
    found: dict[str, Any] = json.loads(bytes(answer.body))
    return found


def searched(case: Case, state: AppState = STATE) -> dict[str, Any]:
    finding.begin(state, case)
    assert case.search is not None
    assert case.search.wait(60)
    return told(case)


def test_a_search_proposes_what_it_found_in_one_step_and_says_so(networks: Path) -> None:
    case = Case.of(ct())
    assert told(case) == {"search": 0, "running": False}
    answer = searched(case)
    assert (answer["running"], answer["trouble"], answer["version"]) == (False, "", 1)
    assert answer["found"] == {"objects": [1, 2], "there": 0, "leftOut": 0}
    assert (answer["title"], answer["done"], answer["most"]) == ("Levels", 6, 6)
    assert [(f.label, f.is_proposed) for f in case.annotation.findings] == [(LIVER, True), (TUMOUR, True)]
    card = case.annotation.findings[0].outlines[0].model
    assert card is not None
    assert (card.name, len(card.sha256)) == ("levels", 64)
    assert searched(case)["found"]["objects"] == [3, 4]  # untouched proposals are replaced
    assert len(case.annotation.findings) == 2


def test_a_stopped_search_leaves_nothing(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate = Event(), Event()

    def load(*_: object) -> Detector:
        begun.set()
        assert gate.wait(60)
        return Detector((levels(),))

    monkeypatch.setattr(finders, "detector", load)
    case = Case.of(ct())
    finding.begin(STATE, case)
    assert begun.wait(60)
    first = case.search
    finding.begin(STATE, case)
    assert case.search is first, "a second one was begun beside it"
    assert told(case)["running"]
    finding.stop(STATE, case, SimpleNamespace(), b"")  # type: ignore[arg-type]
    gate.set()
    assert first is not None
    assert first.wait(60)
    answer = told(case)
    assert (answer["running"], answer["found"], answer["trouble"]) == (False, None, "")
    assert case.annotation.version == 0


def test_without_a_network_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "available_networks", lambda: ((), ()))
    case = Case.of(ct())
    with pytest.raises(WeightsError, match=r"Train one in Learn, or put its file into weights/networks\."):
        finding.begin(STATE, case)
    assert finders.told(STATE)["finder"] == ""
    assert "Train one in Learn" in finders.told(STATE)["noFinder"]


def test_several_networks_look_together_if_the_reader_wants(networks: Path) -> None:
    save_levels(networks, "second")
    assert [card.name for card in finders.wanted(AppState(finder="second"))] == ["second"]
    assert len(finders.wanted(AppState())) == 1
    both = AppState(finder=finders.TOGETHER)
    assert finders.told(both) == {"finder": "Levels + Second", "noFinder": ""}
    case = Case.of(ct())
    searched(case, both)
    assert case.annotation.findings[0].outlines[0].model.name == "levels+second"  # type: ignore[union-attr]


def test_a_search_of_a_kept_case_is_recorded_costed_and_can_be_done_again(networks: Path, tmp_path: Path) -> None:
    kept = Library(tmp_path / "cases").open(ct(), Window("AB"))
    try:
        case = Case.of(kept.volume, kept=kept)
        searched(case)
        with case.acting({"do": "accept", "object": 2}):
            from core.editing.commands import from_json, perform

            perform(from_json({"do": "accept", "object": 2}), case.annotation, case.volume)
        (tmp_path / "record.json").write_text(audit_json(kept))
        record = read_record(tmp_path / "record.json")
        assert record.actions[0].asked is not None
        assert record.actions[0].asked["do"] == "find"
        rows = {row.object: row for row in ledger(kept).rows}
        assert (rows[2].found, rows[2].edits, rows[2].prompts, rows[2].by_hand) == (1, 1, 0, 0.0)
        network = trained.load_network("levels", networks)
        again = replay(
            record, ct(), lambda _: None, networks=lambda sha: network if sha == network.card.sha256 else None
        )
        assert (again.same, again.asked_again, again.taken, again.differences) == (True, 2, 0, ())
        assert replay(record, ct()).taken == 1
    finally:
        kept.close()


def test_the_users_own_networks_lie_where_learn_puts_them() -> None:
    assert trained.NETWORKS == folders.WEIGHTS / "networks"
