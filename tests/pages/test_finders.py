"""The choice of what finds by itself, and Explain; each widget alone on a page."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.imaging.window import Window
from core.learning import trained
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter
from pages.ui import finders, models
from pages.ui.seen import Seen
from pages.ui.state import AppState, Case
from tests.core.learning.levels import save_levels
from tests.core.segmentation.bright import bright_volume
from tests.core.segmentation.conftest import ellipse, picture, thin_sam  # noqa: F401  a fixture


def picker(state: "AppState") -> None:
    from pages.ui.finders import finder_picker

    finder_picker(state)


def explaining(case: "Case") -> None:
    from pages.ui.explain import explain_button

    explain_button(case)


def listing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(finders, "available_networks", partial(trained.available_networks, folder=folder))


def test_without_a_network_the_choice_is_greyed_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing(monkeypatch, tmp_path)
    app = AppTest.from_function(picker, args=(AppState(),)).run(timeout=60)
    (box,) = app.selectbox
    assert box.disabled
    assert box.value == "No network yet"
    assert "Train one in Learn" in box.help


def test_the_reader_chooses_a_network_all_together_and_whether_sam_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("levels", "second"):
        save_levels(tmp_path, name)
    (tmp_path / "broken.safetensors").write_bytes(b"?")
    listing(monkeypatch, tmp_path)
    state = AppState()
    app = AppTest.from_function(picker, args=(state,)).run(timeout=60)
    assert app.selectbox[0].options == ["Levels (levels)", "Second (second)", "All 2 together (mean)"]
    assert app.warning[0].value.startswith("broken.safetensors is damaged")
    assert "sees W200 L60 · ours · no scores known" in app.caption[0].value
    app.selectbox[0].select(finders.TOGETHER).run(timeout=60)
    app.toggle[0].set_value(True).run(timeout=60)
    assert (state.finder, state.refine) == (finders.TOGETHER, True)
    assert len(app.caption) == 2
    assert finders.told(state)["finder"] == "Levels + Second + LiteMedSAM"


def seen(segmenter: Segmenter) -> Seen:
    body = ellipse((90, 150), (40, 60), (18, 26))
    embedding = segmenter.embed(picture(body))
    prompt = Prompt(Box(20, 32, 60, 88))
    box = segmenter.predict(embedding, prompt).seen_box
    return Seen(3, embedding.seen, box, Window(40, 400), "thin", embedding, prompt)


def test_explain_shows_four_pictures_of_the_last_answer(thin_sam: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(models, "segmenter", lambda _: thin_sam)
    case = Case.of(bright_volume({2: np.ones((30, 40), np.bool_)}, 5))
    assert AppTest.from_function(explaining, args=(case,)).run(timeout=60).button[0].disabled
    case.seen = seen(thin_sam)
    app = AppTest.from_function(explaining, args=(case,)).run(timeout=60)
    app.button[0].click().run(timeout=120)
    assert not app.exception
    titles = [one.value for one in app.markdown]
    assert titles == [
        "**1 · What it was given**",
        "**2 · What the encoder sees**",
        "**3 · Where the box looks**",
        "**4 · How sure it is**",
    ]


def test_explain_says_when_another_model_goes_by_the_name_now(thin_sam: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    from dataclasses import replace

    case = Case.of(bright_volume({2: np.ones((30, 40), np.bool_)}, 5))
    before = seen(thin_sam)
    case.seen = replace(before, embedding=replace(before.embedding, model="another file"))
    monkeypatch.setattr(models, "segmenter", lambda _: thin_sam)
    app = AppTest.from_function(explaining, args=(case,)).run(timeout=60)
    app.button[0].click().run(timeout=120)
    assert "The model was replaced since it answered" in app.info[0].value
