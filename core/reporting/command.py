"""The ``score`` command: its arguments, and what it prints and writes.

Ctrl+C ends a cohort at once. What was scored by then is printed and written as ever, and every other case stands
in the files as not scored, so that nobody takes a part for the whole. A bug in Lobule ends it in the same way.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event, current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from core.errors import GeometryError, ReadError, WriteError
from core.reporting import arguments

if TYPE_CHECKING:
    from core.scoring.batch import LeftOut, Pair, Row

_STOPPED = 130  # as a shell reports Ctrl+C
_RESAMPLE = " Or add --resample, and Lobule does so."
_NOT_SCORED = "Not scored: the run ended before. Score it again."


def add_arguments(command: argparse.ArgumentParser, label: Callable[[str], int]) -> None:
    """Say what the command takes, and that it runs `score`.

    Args:
        command: The parser of the command.
        label: Turns a label's name or number into its value.
    """
    arguments.declare(command, label)
    command.set_defaults(run=score)


def score(chosen: argparse.Namespace) -> int:
    """Score one pair of masks or two folders of them.

    Returns:
        0; 1 if some of several cases could not be scored, 2 if none could, 130 after Ctrl+C.
    """
    _check(chosen)
    from core.scoring import batch  # numba: half a second

    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lobule-") as folder:
        sources = (chosen.predicted.absolute(), chosen.reference.absolute())
        predicted, reference = (batch.unpacked(source, Path(folder)) for source in sources)
        _check_reach(chosen, (predicted, reference) != sources)
        pairs = batch.pairs(predicted, reference)
        alone = pairs[0].predicted == predicted
        if chosen.ct and not alone:
            raise ReadError("--ct goes with a single pair of files. Leave it out to score folders.")
        if alone:
            rows.append(_score_one(pairs[0], chosen))
            _print_one(rows[0])
            _write(chosen, rows)
            return 0
        left = (*batch.left_out(predicted, "prediction"), *batch.left_out(reference, "reference"))
        return _score_cohort(chosen, pairs, left)


def _score_one(pair: "Pair", chosen: argparse.Namespace) -> "Row":
    from core.scoring import batch

    try:
        return batch.score_pair(pair, ct=chosen.ct, **_how(chosen))
    except batch.OtherGridError as error:
        raise GeometryError(f"{error}{_RESAMPLE}") from error


def _score_cohort(chosen: argparse.Namespace, pairs: Sequence["Pair"], left_out: Sequence["LeftOut"]) -> int:
    from core.scoring import backends, batch, sheet

    if left_out:
        print(batch.left_out_words(left_out), file=sys.stderr)
    rows: list[Row] = []
    stopped = False
    with backends.connected(chosen.backend, chosen.scheduler, chosen.jobs):
        found = batch.score_all(pairs, jobs=chosen.jobs, backend=chosen.backend, **_how(chosen))
        try:
            with _ctrl_c() as asked_to_stop:
                for row in _with_progress(found, len(pairs)):
                    rows.append(_with_advice(row))
                    print(sheet.line(rows[-1]), flush=True)
                    if asked_to_stop.is_set() and len(rows) < len(pairs):
                        raise KeyboardInterrupt
        except KeyboardInterrupt:
            stopped = True
            print(f"Stopped after {len(rows)} of {len(pairs)} cases.", file=sys.stderr)
        finally:
            found.close()
            rows += [batch.Row(pair.case, None, _NOT_SCORED) for pair in pairs[len(rows) :]]
            print(sheet.cohort(rows))
            _write(chosen, rows, left_out)
    failed = sum(row.card is None for row in rows)
    return _STOPPED if stopped else 0 if not failed else 2 if failed == len(rows) else 1


def _with_advice(row: "Row") -> "Row":
    return replace(row, problem=row.problem + _RESAMPLE) if row.could_resample else row


@contextmanager
def _ctrl_c() -> Iterator[Event]:
    """Remember Ctrl+C: raised in the middle of a library's own tidying up, it may go unheard."""
    asked = Event()

    def hear(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.default_int_handler(number, frame)

    if current_thread() is not main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _with_progress(rows: Iterable["Row"], total: int) -> Iterator["Row"]:
    """Say on a terminal how far it is; the line makes room for what is printed."""
    shown = sys.stderr.isatty()
    for number, row in enumerate(rows):
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        yield row
        if shown and number + 1 < total:
            print(f"{number + 1} of {total} cases", end="", file=sys.stderr, flush=True)


def _how(chosen: argparse.Namespace) -> dict[str, Any]:
    from core.scoring.scorecard import USUAL
    from core.scoring.surfaces import Definition

    tools = {"monai": Definition.MONAI, "surface-distance": Definition.SURFEL}
    return {
        "labels": dict(chosen.label) if chosen.label else None,
        "tolerance_mm": chosen.nsd_mm,
        "definitions": (*USUAL, *(tools[name] for name in dict.fromkeys(chosen.tools))),
        "percentiles": tuple(sorted(set(chosen.percentile))),
        "resample": chosen.resample,
        "pictures": chosen.html is not None,
    }


def _print_one(row: "Row") -> None:
    from core.scoring import sheet

    if row.card:
        print(sheet.one(row.card))


def _write(chosen: argparse.Namespace, rows: Sequence["Row"], left_out: Sequence["LeftOut"] = ()) -> None:
    from core.scoring import tables

    if chosen.csv:
        tables.write_csv(rows, chosen.csv)
    if chosen.json:
        tables.write_json(rows, chosen.json, left_out)
    if chosen.html:
        from core.reporting.scores import report  # plotly and jinja: half a second

        page = report(rows, title=_title(chosen), created=datetime.now().astimezone(), left_out=left_out)
        tables.save(page, chosen.html)


def _title(chosen: argparse.Namespace) -> str:
    """Name both sources; with the folder they lie in, if they are called alike."""
    ours, theirs = chosen.predicted.absolute(), chosen.reference.absolute()
    if ours.name == theirs.name:
        return f"{ours.parent.name}/{ours.name} against {theirs.parent.name}/{theirs.name}"
    return f"{ours.name} against {theirs.name}"


def _check(chosen: argparse.Namespace) -> None:
    """Find out before the slow part what cannot be."""
    for output in (chosen.json, chosen.csv, chosen.html):
        if output and not output.parent.is_dir():
            raise WriteError(f"The folder {output.parent} does not exist. Create it or choose another one.")
        sources = filter(None, (chosen.predicted, chosen.reference, chosen.ct))
        if output and output.is_file() and any(source.exists() and output.samefile(source) for source in sources):
            raise WriteError(f"{output} is one of the files to score. Give the scores another name.")
    if chosen.backend:
        from core.scoring.backends import check_backend

        check_backend(chosen.backend)
    if chosen.resample and chosen.ct:
        raise ReadError("--resample lays the prediction on the reference's voxels, --ct both on a CT's. Leave one out.")
    if chosen.scheduler and chosen.backend != "dask":
        raise ReadError("--scheduler is the address of a Dask cluster. Add --backend dask, or leave it out.")


def _check_reach(chosen: argparse.Namespace, is_unpacked: bool) -> None:
    if chosen.scheduler and is_unpacked:
        raise ReadError("A .zip is unpacked on this machine, where no other looks. Unpack it onto a shared disk.")
