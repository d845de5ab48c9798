"""What the screens say: two catalogues that cannot drift apart, and nothing said past them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.commands import from_json, perform
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS
from core.imaging.passport import passport
from core.imaging.samples import SAMPLES, open_sample
from core.imaging.volume import LIVER, TUMOUR, Intensity, Source, Volume
from core.imaging.window import PRESETS
from core.reporting import wording
from core.scoring.definitions import CARDS, EMPTY_RULES, EMPTY_WORDS, HUMAN_WORDS
from core.scoring.errormap import WORDS
from core.scoring.surfaces import Definition
from pages.ui.words import LANGUAGES, catalogue
from pages.ui.words.steps import known

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py")])
SCRIPTS = sorted((ROOT / "pages" / "ui" / "viewer").glob("*.js"))
ENGLISH, CHINESE = catalogue("en"), catalogue("zh")
SAYS = {"t": 0, "many": 0, "said": 1}
"""Functions that say a key, and which argument the key is."""
OF_CORE = "core."
"""Keys that nobody asks for: core's own words are known by their English."""
OF_VIEWER = "viewer."
VIEWER_SUFFIXES = ("_hint", "_step")
"""What the viewer hangs on the name of a tool, and on undo and redo."""
SHOWS = {
    "title", "header", "subheader", "write", "markdown", "caption", "button", "download_button", "form_submit_button",
    "popover", "expander", "spinner", "info", "success", "warning", "error", "toast", "selectbox", "segmented_control",
    "pills", "slider", "number_input", "text_input", "checkbox", "toggle", "file_uploader", "progress", "metric",
    "tabs", "dialog", "html", "text_area", "radio", "multiselect",
}  # fmt: skip
"""Streamlit's ways to show text."""
SHOWN_AS = {"label", "help", "placeholder", "caption", "title", "text"}
NOT_SAID = {
    "style.css": "a file",
    "NIfTI, NRRD, MHA, DICOM-SEG, PNG": "names of formats",
    "One pair": "value of a picker, which shows other words",
    "Many cases": "value of a picker, which shows other words",
    "Several readers": "value of a picker, which shows other words",
    "Side by side": "value of a picker, which shows other words",
    "my masks": "key of a tick box",
    "second prediction": "key of uploads",
    "made up": "core's word, translated where it is shown",
    "the prediction": "goes into sentences of core, which are translated or stay English as a whole",
    "the reference": "goes into sentences of core, which are translated or stay English as a whole",
    "My masks on ": "name in files, which are English",
    "Labels of ": "name in files, which are English",
    "the first prediction": "words of the report, which is English",
    "the second prediction": "words of the report, which is English",
    "box on slice ": "name of a step as core has them, translated where it is shown",
    "point on slice ": "name of a step as core has them, translated where it is shown",
    " points on slice ": "name of a step as core has them, translated where it is shown",
    "public, max-age=31536000, immutable": "a header",
}
"""English in the pages that is not said in another language, and why."""


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


def test_both_catalogues_hold_the_same_keys_in_order() -> None:
    assert list(ENGLISH) == list(CHINESE) == sorted(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert not [key for key, text in catalogue(language).items() if not text.strip()]


def test_every_text_has_the_same_places_in_both_languages() -> None:
    assert {key: places(text) for key, text in ENGLISH.items()} == {key: places(text) for key, text in CHINESE.items()}


def test_what_is_translated_is_chinese() -> None:
    """Names, units and keys of the keyboard stay; everything else has a Chinese character."""
    alike = {key for key, text in CHINESE.items() if not re.search(r"[一-鿿]", text)}
    assert all(len(re.findall("[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", CHINESE[key]))) <= 2 for key in alike), alike
    assert len(alike) < 40


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def asked() -> tuple[set[str], set[str]]:
    """Return the keys that the pages ask for, and the beginnings of those that they put together."""
    keys, beginnings = set(), set()
    for path in PAGES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        keys |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in ENGLISH}
        for name, call in calls(tree):
            if name not in SAYS:
                continue
            key = call.args[SAYS[name]]
            if isinstance(key, ast.Constant):
                keys |= {f"{key.value}.one", f"{key.value}.many"} if name == "many" else {str(key.value)}
            elif isinstance(key, ast.JoinedStr):
                beginnings.add(str(key.values[0].value))  # type: ignore[union-attr]
    return keys, beginnings


def spoken_by_the_viewer() -> set[str]:
    return {key for path in SCRIPTS for key in re.findall(r'(?<![\w.])t\(\s*"(\w+)"', path.read_text(encoding="utf-8"))}


def test_every_word_asked_for_is_in_the_catalogues() -> None:
    keys, beginnings = asked()
    assert keys <= set(ENGLISH), keys - set(ENGLISH)
    assert all(any(key.startswith(beginning) for key in ENGLISH) for beginning in beginnings)
    viewer = {OF_VIEWER + key for key in spoken_by_the_viewer()}
    assert len(viewer) > 50
    assert viewer <= set(ENGLISH), viewer - set(ENGLISH)


def test_every_word_in_the_catalogues_is_asked_for() -> None:
    keys, beginnings = asked()
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    idle = []
    for key in set(ENGLISH) - keys:
        if key.startswith(OF_VIEWER):
            name = key.removeprefix(OF_VIEWER)
            stem = next((name.removesuffix(end) for end in VIEWER_SUFFIXES if name.endswith(end)), name)
            used = re.search(rf'"{stem}"|\b{stem}: [\[{{]|strings\.{stem}\b', scripts) is not None
        else:
            used = key.startswith((OF_CORE, *beginnings))
        if not used:
            idle.append(key)
    assert not sorted(idle)


def docstrings(tree: ast.AST) -> set[int]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
    return found


def silent(tree: ast.AST) -> set[int]:
    """Return what nobody sees: texts of faults of the program and of its log."""
    found = set()
    for node in ast.walk(tree):
        fault = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        if fault and getattr(node.exc.func, "id", "") in ("ValueError", "TypeError", "KeyError"):  # type: ignore[union-attr]
            found |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "getLogger" in ast.dump(node.func):
            found |= {id(part) for part in ast.walk(node)}
    return found


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield what reads like English: two words or more."""
    passed_over = docstrings(tree) | silent(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
            yield from re.findall(r"^[^<]*[A-Za-z]{2,}[,:]? [A-Za-z]{2,}[^<]*$", node.value)


def shown(tree: ast.AST) -> Iterator[str]:
    """Yield words that a page hands to Streamlit to show."""
    passed_over = silent(tree)
    for name, call in calls(tree):
        if name not in SHOWS or id(call) in passed_over:
            continue
        parts = [*call.args[:1], *(word.value for word in call.keywords if word.arg in SHOWN_AS)]
        for part in parts:
            inside = {id(below) for kind, said in calls(part) for below in ast.walk(said) if kind}
            for node in ast.walk(part):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                    text = re.sub(r"<[^>]*>?|:material/\w+:|:\w+\[|&\w+;", "", node.value)
                    if re.search("[A-Za-z]{2,}", text):
                        yield node.value


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_said_past_the_catalogues(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {text for text in (*sentences(tree), *shown(tree)) if text not in NOT_SAID}
    assert not found


def test_the_viewer_says_nothing_past_the_catalogues() -> None:
    """A string that begins like a sentence would be one."""
    assert len(SCRIPTS) > 30
    for path in SCRIPTS:
        code = re.sub(r"^\s*(//|/?\*).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert not re.findall(r"""["'`][A-Z][a-z]+ [a-z]+""", code), path.name


def is_known(text: str) -> bool:
    return known(text, "zh") != text or text in CHINESE.values()


def definitions() -> Iterator[str]:
    for card in CARDS.values():
        yield card.name
        yield card.convention
        if re.search("[a-z]{3,}", card.formula.replace("max", "")):
            yield card.formula
    for rule in EMPTY_RULES:
        yield from (text for text in map(wording.empty, (rule.both, rule.predicted, rule.reference)) if text.isalpha())


def test_every_figure_and_its_meaning_is_known_in_chinese() -> None:
    texts = [*definitions(), *WORDS.values(), EMPTY_WORDS, HUMAN_WORDS, wording.heading("nsd", {2.0})]
    texts += [wording.number(number, "hd95_mm") for number in (np.nan, np.inf)]
    texts += [str(kind) for kind in Definition if kind is not Definition.MESH]
    assert not [text for text in texts if not is_known(text)]


def test_every_sample_label_and_window_is_known_in_chinese() -> None:
    texts = [*(label.name for label in DEFAULT_LABELS), *PRESETS, "label 7"]
    texts += [str(kind) for kind in Intensity if kind is not Intensity.HU]
    for sample in SAMPLES:
        source = open_sample(sample.name)[0].source
        texts += [sample.title, sample.description, source.format, source.description, *source.notes]
    assert not [text for text in texts if not is_known(text)]


SPACING = (2.5, 0.7, 0.9)
TURNED = np.diag([-1.0, 1.0, -1.0])[:, ::-1]
TILTED = np.array([[0, 0, 1], [0.6, 0.8, 0], [0.8, -0.6, 0]])
GRIDS = {
    "same": Grid.from_geometry((4, 7, 9), spacing=SPACING),
    "finer": Grid.from_geometry((4, 14, 9), spacing=(2.5, 0.35, 0.9)),
    "smaller": Grid.from_geometry((3, 5, 8), spacing=(2.5, 0.71, 0.9)),
    "beside": Grid.from_geometry((4, 7, 9), spacing=SPACING, origin=(0.01, 0.0, 0.0)),
    "turned": Grid.from_geometry((4, 7, 9), spacing=SPACING, direction=TURNED, origin=(7.2, 0.0, 7.5)),
    "tilted": Grid.from_geometry((4, 7, 9), spacing=SPACING, direction=TILTED),
    "elsewhere": Grid.from_geometry((4, 7, 9), spacing=SPACING, origin=(300.0, 4.0, 5.0)),
    "of unknown direction": Grid.from_geometry((4, 7, 9), spacing=SPACING, has_direction=False),
    "without spacing": Grid.from_geometry((4, 7, 9), has_spacing=False),
    "of another size": Grid.from_geometry((5, 7, 9), has_spacing=False),
}


@pytest.mark.parametrize("grid", GRIDS)
def test_what_a_passport_says_is_known_in_chinese(grid: str) -> None:
    texts = []
    for other in GRIDS.values():
        said = passport(GRIDS[grid], other, ("the prediction", "the reference"))
        texts += [said.sentence, *(text for fact in said.facts for text in (fact.name, fact.first, fact.second))]
    for text in texts:
        assert not re.search("[a-z]{3,}", known(text, "zh")), known(text, "zh")


def drawn() -> tuple[Annotation, Volume]:
    """An object on two slices with a gap, a hole and an island."""
    grid = Grid.from_geometry((6, 24, 30), spacing=SPACING)
    annotation = Annotation(grid)
    mask = np.zeros((24, 30), bool)
    mask[4:14, 5:18] = True
    mask[8:10, 9:12] = False
    mask[20, 25] = True
    annotation.draw({1: mask, 4: mask}, "paint on slices 2–5", label=TUMOUR)
    return annotation, Volume(np.zeros(grid.shape, np.int16), grid, Source("flat", "NIfTI", grid))


LINE = {"points": [[2, 12, 8], [2, 12, 14]], "radius_mm": 3, "ball": False, "hu": None}
CORNERS = [[3, 3], [3, 14], [13, 8]]
EDITS = [
    {"do": "paint", "object": None, "label": LIVER, **LINE, "erase": False},
    {"do": "paint", "object": 1, "label": TUMOUR, **LINE, "ball": True, "erase": True, "radius_mm": 6},
    {"do": "polygon", "object": 1, "label": TUMOUR, "z": 2, "vertices": CORNERS, "erase": False},
    {"do": "polygon", "object": 1, "label": TUMOUR, "z": 1, "vertices": CORNERS, "erase": True},
    {"do": "fill_holes", "object": 1},
    {"do": "keep_largest", "object": 1},
    {"do": "remove_small", "object": 1, "mm3": 5},
    {"do": "smooth", "object": 1, "mm": 3},
    {"do": "grow", "object": 1, "mm": 2},
    {"do": "grow", "object": 1, "mm": -2},
    {"do": "interpolate", "object": 1},
    {"do": "copy", "object": 1, "z": 1, "to": 2},
    {"do": "delete", "object": 1},
    {"do": "delete_slice", "object": 1, "z": 1},
    {"do": "relabel", "object": 1, "label": LIVER},
    {"do": "add_label", "name": "囊肿"},
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: str(edit["do"]))
def test_every_step_is_known_in_chinese(edit: dict[str, object]) -> None:
    annotation, volume = drawn()
    before = annotation.undo_name
    perform(from_json(edit), annotation, volume)
    assert annotation.undo_name != before
    said = known(annotation.undo_name, "zh")
    assert re.search(r"[一-鿿]", said)
    assert not re.search("[a-z]{3,}", said), said


@pytest.mark.parametrize(
    ("step", "chinese"),
    [
        ("box on slice 41", "框选（第 41 层）"),
        ("3 points on slice 7", "3 个点（第 7 层）"),
        ("erase on slices 3–5", "擦除（第 3–5 层）"),
        ("smooth object 2 by 1.5 voxels", "平滑对象 2（1.5 体素）"),
        ("tidy object 4", "整理对象 4"),
        ("carry object 3 through slices 72–104", "延伸对象 3（第 72–104 层）"),
        ("new label point", "新标签 point"),
        ("Miller on Friday", "Miller on Friday"),
        ("0, 0, 0 mm", "0, 0, 0 mm"),
    ],
)
def test_a_step_is_said_with_its_numbers_and_what_is_unknown_stays(step: str, chinese: str) -> None:
    assert known(step, "zh") == chinese
    assert known(step, "en") == step
