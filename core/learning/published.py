"""The comparison that comes with Lobule: figures and curves of a study, no picture of its data, as these are not ours.

A published folder is laid out as a study's, so whatever reads one reads the other.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import LearningError
from core.learning.crossval import ENTRANTS, LINES, read_lines
from core.learning.runs import CONFIG, LOG, STATE, State, read_config, read_progress
from core.learning.study import Study
from core.segmentation.cachefolder import replacing
from core.version import VERSION

SHIPPED = Path(__file__).parents[2] / "weights" / "comparison"
ABOUT = "about.json"
_DIGITS = 6


def publish(folder: Path, target: Path, note: str = "") -> Path:
    """Write the figures of a finished study to another folder, and return it.

    Args:
        folder: Of the study.
        target: Where to; what was published there before gives way.
        note: What a reader should know, such as on what it was trained.

    Raises:
        LearningError: The study is not finished, or the folder cannot be written to.
    """
    study = Study.from_json(read_config(folder))
    if read_progress(folder).state is not State.FINISHED:
        raise LearningError("This comparison is not finished. Let it go on, then publish it.")
    bare = {**study.as_json()["study"], "data": Path(study.data).name}
    lines = "".join(json.dumps(_rounded(line.as_json())) + "\n" for line in read_lines(folder))
    about = {"version": VERSION, "note": note, "licence": study.licence}
    texts = {
        CONFIG: _json({"study": bare}), ENTRANTS: (folder / ENTRANTS).read_text("utf-8"), LINES: lines,
        ABOUT: _json(about), STATE: (folder / STATE).read_text("utf-8"),
    }  # fmt: skip
    for path in sorted(folder.glob(f"fold*/*/{LOG}")):
        for each in (path, path.with_name(STATE)):
            texts[each.relative_to(folder).as_posix()] = each.read_text("utf-8")
    for old in sorted(target.glob(f"fold*/*/{LOG}")):
        old.unlink()
    try:
        for name, text in texts.items():
            with replacing(target / name) as file:
                file.write(text.encode())
    except OSError as error:
        raise LearningError(f"{target} cannot be written to ({error.strerror}). Choose another folder.") from error
    return target


def about(folder: Path) -> Mapping[str, str]:
    """Return what is known of a published study: ``version``, ``note``, ``licence``; empty for any other."""
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}


def _rounded(told: Any) -> Any:
    """Return the same with six digits of every figure."""
    if isinstance(told, dict):
        return {key: _rounded(value) for key, value in told.items()}
    return float(f"{told:.{_DIGITS}g}") if isinstance(told, float) else told


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
