"""A study as a folder, with figures that were made up and findings on a made-up patient."""

import json
from pathlib import Path

import numpy as np

from core.learning import runs
from core.learning.crossval import ENTRANTS, FOUND, LINES
from core.learning.measuring import SLICE_DICE, Line
from core.learning.runs import Reporter, State
from core.learning.study import Study
from tests.core.learning.shapes import patient, save_pictures

ROWS = {"unet": ("U-Net", "none"), "cnn": ("Plain CNN", "none")}
DICE = {"unet": [0.5, 0.6, 0.7, 0.8, 0.4, 0.6, 0.0], "cnn": [0.4, 0.5, 0.6, 0.7, 0.3, 0.5, 0.0]}
CASE = "p0"
SHAPE = (6, 48, 64)
SLICES = np.array([1, 3, 5])


def save_study(folder: Path, data: Path | None = None, first: str = CASE) -> Path:
    """Write a finished study of seven patients, the last without tumour; the first, of any name, has data and findings.

    The U-Net found all of its tumours, and the CNN nothing but the liver.
    """
    study = Study(str(data or folder / "gone"), folds=2, models=("cnn", "unet"))
    runs.write_config(folder, study.as_json())
    told = [{"key": k, "title": title, "protocol": how, "parameters": 1234} for k, (title, how) in ROWS.items()]
    (folder / ENTRANTS).write_text(json.dumps(told))
    text = "".join(
        json.dumps(line(row, k, value).as_json()) + "\n" for row in ROWS for k, value in enumerate(DICE[row])
    )
    (folder / LINES).write_text(text)
    for fold in range(2):
        for k, model in enumerate(("cnn", "unet")):
            reporter = Reporter(folder / f"fold{fold}" / model, 2)
            log = [{"epoch": e, "loss": 1 / e, "seconds": 3.0, "score": 0.1 * e + k} for e in (1, 2)]
            reporter.rewrite(log)
            reporter.ended(State.FINISHED, "All 2 epochs are done.", 2)
    Reporter(folder, 6).ended(State.FINISHED, "The comparison is done.", 6)
    if data:
        _save_findings(folder, data, first)
    return folder


def line(row: str, k: int, value: float) -> Line:
    figures = {1: {"dice": 0.9}, 2: {"dice": value, SLICE_DICE: value / 2, "hd95_mm": float("inf")}}
    return Line(row, k % 2, f"p{k}", f"p{k}", 0.1 * k, figures, k < 6, k == 6 and row == "cnn", 50.0, "px")


def _save_findings(folder: Path, data: Path, name: str) -> None:
    case = patient(2, shape=SHAPE, name=name)
    save_pictures(data, case)
    for row in ROWS:
        found = case.labels[SLICES].copy()
        if row == "cnn":
            found[found == 2] = 1
        path = folder / FOUND / row / f"{name}.npz"
        path.parent.mkdir(parents=True)
        np.savez_compressed(path, found=found, slices=SLICES)
