"""Files in, scores out: one pair or a cohort of them, and a bad file is a row and not the end.

``jobs`` processes work on as many cases at once, through joblib; each holds one case in memory and gets its share
of the cores. For cohorts beyond one machine joblib hands the cases to Dask or Ray instead (see `backends`).
"""

import tempfile
import warnings
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from core.errors import DeviceError, LobuleError, ReadError
from core.imaging.reading import read_volume
from core.scoring.backends import check_backend, leave_ctrl_c_to_the_parent
from core.scoring.evidence import ErrorPicture, FileUsed, error_pictures, used
from core.scoring.folders import LeftOut, Pair, left_out, left_out_words, pairs, parts, unpacked
from core.scoring.laying import OtherGridError, Resampled, laid
from core.scoring.scorecard import USUAL, Scorecard, score
from core.scoring.surfaces import Definition

__all__ = [
    "ErrorPicture", "FileUsed", "LeftOut", "OtherGridError", "Pair", "Resampled", "Row", "error_pictures", "left_out",
    "left_out_words", "pairs", "score_all", "score_pair", "unpacked", "used",
]  # fmt: skip

_BLOCK = 64  # cases that Ray is given at once


@dataclass(frozen=True, eq=False)
class Row:
    """What became of a case.

    Attributes:
        case: Its name.
        card: Its scores; None if there are none.
        problem: A sentence that says why there are none.
        files: What it rests on, as far as it could be read.
        pictures: At most one for each label.
        resampled: What resampling made of each label of the prediction; None if it fitted as it is.
        could_resample: Whether the problem is a grid onto which the prediction could be resampled.
    """

    case: str
    card: Scorecard | None
    problem: str = ""
    files: tuple[FileUsed, ...] = ()
    pictures: tuple[ErrorPicture, ...] = ()
    resampled: tuple[Resampled, ...] | None = None
    could_resample: bool = False


@dataclass(frozen=True)
class _How:
    """How to score every case of a cohort; sent to the processes that do."""

    labels: Mapping[int, str] | None
    tolerance_mm: float
    definitions: tuple[Definition, ...]
    percentiles: tuple[float, ...]
    pictures: bool
    resample: bool
    workspace: str | None = field(default=None)


def score_pair(
    pair: Pair,
    *,
    ct: Path | None = None,
    labels: Mapping[int, str] | None = None,
    tolerance_mm: float = 2.0,
    definitions: Sequence[Definition] = USUAL,
    percentiles: Sequence[float] = (),
    pictures: bool = False,
    resample: bool = False,
) -> Row:
    """Read two files and score them.

    Args:
        pair: From `pairs`.
        ct: What both were drawn on; it tells where labels lie that do not say so themselves.
        labels: As for `scorecard.score`.
        tolerance_mm: As for `scorecard.score`.
        definitions: As for `scorecard.score`.
        percentiles: As for `scorecard.score`.
        pictures: Whether to draw the worst slice of each label.
        resample: As for `laying.laid`.

    Raises:
        LobuleError: A file is missing, cannot be read or lies on another grid; the text says which.
    """
    if pair.predicted is None or pair.reference is None:
        there, missing = ("reference", "prediction") if pair.predicted is None else ("prediction", "reference")
        raise ReadError(f"{pair.case} has a {there} and no {missing}. Add the file, or take the other away.")
    volume = read_volume(parts(ct)) if ct else None
    both = laid(pair.predicted, pair.reference, volume=volume, resample=resample)
    predicted, reference = both.predicted, both.reference
    card = score(
        predicted, reference, labels=labels, tolerance_mm=tolerance_mm, definitions=definitions,
        percentiles=percentiles, case=pair.case,
    )  # fmt: skip
    drawn = error_pictures(predicted, reference, card, volume) if pictures else ()
    return Row(pair.case, card, files=tuple(_files(pair, ct)), pictures=drawn, resampled=both.resampled)


def score_all(
    found: Sequence[Pair],
    *,
    labels: Mapping[int, str] | None = None,
    tolerance_mm: float = 2.0,
    definitions: Sequence[Definition] = USUAL,
    percentiles: Sequence[float] = (),
    pictures: bool = False,
    resample: bool = False,
    jobs: int = 1,
    backend: str | None = None,
) -> Generator[Row, None, None]:
    """Score pair after pair, and yield the rows in the order of the pairs.

    What cannot be scored becomes a row with its reason. A bug is raised, with the case in its notes. Closing the
    generator ends the work: of ``jobs`` processes at once, without them after the case at hand.

    Args:
        found: From `pairs`.
        labels: As for `scorecard.score`.
        tolerance_mm: As for `scorecard.score`.
        definitions: As for `scorecard.score`.
        percentiles: As for `scorecard.score`.
        pictures: As for `score_pair`.
        resample: As for `laying.laid`.
        jobs: How many cases at once, at least 1; 1 stays in this process. A ``backend`` counts its own workers.
        backend: ``dask`` or ``ray``; a client must be connected (see `backends.connected`).

    Raises:
        DeviceError: A process ended, most likely for want of memory.
        LobuleError: The backend is not installed.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {jobs}")
    check_backend(backend)
    with ExitStack() as stack:
        workspace = None
        if jobs > 1 and backend is None:  # what is left of a process that was ended lies in here
            workspace = stack.enter_context(tempfile.TemporaryDirectory(prefix="lobule-"))
        how = _How(labels, tolerance_mm, tuple(definitions), tuple(percentiles), pictures, resample, workspace)
        rows = _run(found, how, jobs, backend)
        stack.callback(_closed_quietly, rows)
        try:
            for row in rows:  # noqa: UP028 - "yield from" would close it before `_closed_quietly` does
                yield row
        except TerminatedWorkerError as error:
            raise DeviceError(
                f"One of {jobs} processes ended before its case was scored, most likely because the memory ran out. "
                "Score with fewer jobs."
            ) from error


def _run(found: Sequence[Pair], how: _How, jobs: int, backend: str | None) -> Generator[Row, None, None]:
    """Start the work; Ray hands nothing back before all of it is done, and so gets it block by block."""
    if backend:
        chosen = joblib.parallel_config(backend=backend)
    else:
        chosen = joblib.parallel_config(backend="loky", initializer=leave_ctrl_c_to_the_parent)
    with chosen:
        run = joblib.Parallel(n_jobs=-1 if backend else jobs, return_as="list" if backend == "ray" else "generator")
    if backend != "ray":
        started: Generator[Row, None, None] = run(joblib.delayed(_row)(pair, how) for pair in found)
        return started
    blocks = (found[k : k + _BLOCK] for k in range(0, len(found), _BLOCK))
    return (row for block in blocks for row in run(joblib.delayed(_row)(pair, how) for pair in block))


def _closed_quietly(rows: Generator[Row, None, None]) -> None:
    with warnings.catch_warnings():  # joblib warns of work in vain; it was stopped on purpose
        warnings.simplefilter("ignore", UserWarning)
        rows.close()


def _row(pair: Pair, how: _How) -> Row:
    could_resample = False
    try:
        with _temporary_files_in(how.workspace):
            return score_pair(
                pair,
                labels=how.labels,
                tolerance_mm=how.tolerance_mm,
                definitions=how.definitions,
                percentiles=how.percentiles,
                pictures=how.pictures,
                resample=how.resample,
            )
    except LobuleError as error:
        problem, could_resample = str(error), isinstance(error, OtherGridError)
    except MemoryError:
        problem = f"{pair.case} needs more memory than there is. Score with fewer jobs, or crop its files."
    except Exception as bug:
        bug.add_note(f"while case {pair.case} was scored")
        raise
    return Row(pair.case, None, problem, tuple(_readable(_files(pair, None))), could_resample=could_resample)


def _files(pair: Pair, ct: Path | None) -> Generator[FileUsed, None, None]:
    for role, path in (("prediction", pair.predicted), ("reference", pair.reference), ("ct", ct)):
        if path is not None:
            yield used(role, path)


def _readable(files: Iterable[FileUsed]) -> Generator[FileUsed, None, None]:
    with suppress(ReadError):
        yield from files


@contextmanager
def _temporary_files_in(folder: str | None) -> Generator[None, None, None]:
    if folder is None:
        yield
        return
    before = tempfile.tempdir
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = before
