"""A study: every model trained and tested by cross-validation over patients, in a folder that survives a kill.

Every training is a run of its own in ``foldK/MODEL``, and every case that was scored is a line in ``lines.jsonl``, with
the labels that were found in ``found/``. Whatever is there is not done again, so the same command goes on.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.imaging.window import Window
from core.learning.boxed import kept_embeddings
from core.learning.cases import VALUES, Case, label_map
from core.learning.dataset import Dataset, Progress, read_dataset
from core.learning.entrants import Entrant, entrants
from core.learning.jobs import run
from core.learning.measuring import Line, measure
from core.learning.plan import LEARNS_FROM_ALL, Model, Plan, usual_plan
from core.learning.runs import Reporter, State, read_config, read_progress, write_config
from core.learning.split import Split, folds
from core.learning.study import Study
from core.segmentation import weights
from core.segmentation.cachefolder import replacing
from core.segmentation.segmenter import Segmenter

LINES, ENTRANTS, FOUND = "lines.jsonl", "entrants.json", "found"


def run_study(folder: Path, study: Study | None = None, progress: Progress | None = None) -> State:
    """Do a study, or go on with it; `table.tables` turns what it found into a table at any time.

    Args:
        folder: Of the study.
        study: What to compare; by default what the folder says.
        progress: Called with how many parts are done, how many there are, and what comes now.

    Returns:
        ``FINISHED``, or ``STOPPED`` if a file ``stop`` in the folder asked for it.

    Raises:
        LearningError: The data cannot be split, a training failed, or the folder holds another study.
    """
    if study is not None:
        write_config(folder, study.as_json())
    study = Study.from_json(read_config(folder))
    work = _Work(folder, study, progress or (lambda done, total, what: None))
    with work.reporter.telling("The comparison", lambda: work.done):
        state = work.all()
    work.reporter.ended(state, "The comparison is done." if state is State.FINISHED else "Stopped as asked.", work.done)
    return state


class _Work:
    """What a study still has to do."""

    def __init__(self, folder: Path, study: Study, progress: Progress) -> None:
        self._folder, self._study, self._progress = folder, study, progress
        self.done, self.total = 0, study.folds * (len(study.models) + 1)
        self.reporter = Reporter(folder, self.total)
        self._kept = kept_embeddings()
        self._device = "cuda" if torch.cuda.is_available() else "cpu"

    def all(self) -> State:
        """Do what is left."""
        study = self._study
        self._say("Reading the data")
        data = read_dataset(Path(study.data), self._window, values=study.values or VALUES, only=study.patients or None)
        splits = folds(data, study.folds, np.random.default_rng(study.seed))
        for k, split in enumerate(splits):
            if not all(self._trained(k, model, split, data) for model in study.models):
                return State.STOPPED
            if not self._tested(k, split, data):
                return State.STOPPED
        return State.FINISHED

    @property
    def _window(self) -> Window:
        return Window(self._study.level_hu, self._study.width_hu)

    def _trained(self, k: int, model: Model, split: Split, data: Dataset) -> bool:
        """Train one model of a fold; False if asked to stop."""
        place = self._folder / f"fold{k}" / model
        self._say(f"Fold {k + 1}: training {model}")
        if read_progress(place).state is not State.FINISHED:
            plan = self._plan(model, _learnt_from(model, split))
            write_config(place, plan.as_json())
            if run(place, data).state is not State.FINISHED:
                return False
        self.done += 1
        return True

    def _plan(self, model: Model, split: Split) -> Plan:
        study = self._study
        return usual_plan(
            model,
            study.data,
            split,
            full=study.full,
            seed=study.seed,
            window=self._window,
            part=study.part,
            base=study.base,
            licence=study.licence,
            values=study.values or VALUES,
            **(study.changes or {}).get(model, {}),
        )

    def _tested(self, k: int, split: Split, data: Dataset) -> bool:
        """Score every model on every test case of a fold; False if asked to stop."""
        known = {(line.row, line.case) for line in read_lines(self._folder)}
        cases = data.of(split.test).cases
        rows = self._rows(k, split, data)
        self._describe(rows)
        for case in cases:
            slices = scored_slices(case.slices, self._study.every)
            todo = [row for row in rows if (row.key, case.name) not in known]
            encoding = self._encoding(case) if any(row.encodes for row in todo) else 0.0
            for row in todo:
                if self.reporter.is_asked_to_stop():
                    return False
                self._say(f"Fold {k + 1}: testing {row.title} on {case.name}")
                self._test(row, case, slices, k, encoding)
        self.done += 1
        return True

    def _rows(self, k: int, split: Split, data: Dataset) -> list[Entrant]:
        study = self._study
        runs = {str(model): self._folder / f"fold{k}" / model for model in study.models}
        return entrants(
            runs, data.of(split.train), self._kept, base=study.base, part=study.part, seed=study.seed,
            device=self._device,
        )  # fmt: skip

    def _test(self, row: Entrant, case: Case, slices: Any, k: int, encoding: float) -> None:
        started, before = time.perf_counter(), row.finder.borrowed
        found = np.stack([label_map(one) for one in row.finder.probabilities(case, slices.tolist())])
        seconds = (time.perf_counter() - started + row.finder.borrowed - before) / len(slices)
        figures, unit, diagonal = measure(found, case, slices)
        has_tumour = bool((case.labels[slices] == 2).any())
        made_up = bool((found == 2).any()) and not has_tumour
        line = Line(
            row.key, k, case.name, case.patient, seconds + encoding * row.encodes, figures, has_tumour, made_up,
            diagonal, unit,
        )  # fmt: skip
        with replacing(self._folder / FOUND / row.key / f"{case.name}.npz") as file:
            np.savez_compressed(file, found=found, slices=slices)
        _append(self._folder / LINES, line.as_json())

    def _encoding(self, case: Case) -> float:
        """Return the seconds that encoding one slice takes now."""
        segmenter = self._base
        started = time.perf_counter()
        segmenter.embed(case.grey[case.slices // 2])
        return time.perf_counter() - started

    @cached_property
    def _base(self) -> Segmenter:
        return weights.load(self._study.base)

    def _describe(self, rows: list[Entrant]) -> None:
        told = [{"key": r.key, "title": r.title, "protocol": r.protocol, "parameters": r.parameters} for r in rows]
        with replacing(self._folder / ENTRANTS) as file:
            file.write(json.dumps(told, indent=1, ensure_ascii=False).encode())

    def _say(self, what: str) -> None:
        self._progress(self.done, self.total, what)
        self.reporter.at(self.done, 0.0, what)


def _learnt_from(model: Model, split: Split) -> Split:
    """Return whom a model learns from and who tells when to stop."""
    if model in LEARNS_FROM_ALL:
        return Split((*split.train, *split.validation))
    return replace(split, test=())


def scored_slices(count: int, every: int) -> npt.NDArray[np.int64]:
    """Return which of some slices are scored: every ``every``-th, and at least one however few there are."""
    return np.arange(min(every // 2, (count - 1) // 2), count, every)


def read_lines(folder: Path) -> list[Line]:
    """Return what a study has scored until now."""
    return list(_lines(folder / LINES))


def _lines(path: Path) -> Iterator[Line]:
    if not path.is_file():
        return
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Line.from_json(json.loads(text))
        except (ValueError, TypeError, KeyError):  # a line that a kill cut short: it is made again
            continue


def _append(path: Path, told: Mapping[str, Any]) -> None:
    """Add a line; if the last one was cut short, on a line of its own."""
    text = path.read_bytes() if path.is_file() else b""
    cut = b"\n" if text and not text.endswith(b"\n") else b""
    with path.open("ab") as file:
        file.write(cut + json.dumps(told, allow_nan=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
