"""The comparison that comes with Lobule: figures and curves of a study, no picture of its data, as these are not ours.

A published folder is laid out as a study's, so whatever reads one reads the other. Patients are numbered: their names
are those of files, which may be anybody's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import LearningError
from core.learning.crossval import ENTRANTS, LINES, read_lines
from core.learning.measuring import Line
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
    found = read_lines(folder)
    numbers = _numbers(found)
    chosen = [numbers.patients[name] for name in study.patients if name in numbers.patients]
    bare = {**study.as_json()["study"], "data": Path(study.data).name, "patients": chosen}
    lines = "".join(json.dumps(_rounded(numbers.line(line).as_json())) + "\n" for line in found)
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


@dataclass(frozen=True)
class _Numbers:
    """What stands for names in what is published.

    Attributes:
        patients: By name.
        cases: By name; a patient's only case is called as the patient is.
    """

    patients: Mapping[str, str]
    cases: Mapping[str, str]

    def line(self, line: Line) -> Line:
        return replace(line, case=self.cases[line.case], patient=self.patients[line.patient])


def _numbers(lines: Sequence[Line]) -> _Numbers:
    owned: dict[str, list[str]] = {}
    for line in lines:
        cases = owned.setdefault(line.patient, [])
        if line.case not in cases:
            cases.append(line.case)
    patients = {name: f"patient{number:03d}" for number, name in enumerate(owned, 1)}
    called = {}
    for name, cases in owned.items():
        for k, case in enumerate(cases, 1):
            called[case] = patients[name] if len(cases) == 1 else f"{patients[name]}-{k}"
    return _Numbers(patients, called)


def _rounded(told: Any) -> Any:
    """Return the same with six digits of every figure."""
    if isinstance(told, dict):
        return {key: _rounded(value) for key, value in told.items()}
    return float(f"{told:.{_DIGITS}g}") if isinstance(told, float) else told


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
