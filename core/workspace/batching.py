"""The ``batch`` command: every box of a file of prompts, on a folder of CTs.

A case that fails is a line and not the end. Ctrl+C ends the run; the masks of the cases done by then are saved.
"""

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

from core.errors import DeviceError, LobuleError, ReadError, WriteError
from core.imaging.files import counted
from core.workspace.arguments import add_model, window_of
from core.workspace.outcome import How, Outcome
from core.workspace.prompts import Asked, read_prompts

_STOPPED = 130  # as a shell reports Ctrl+C


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    command.add_argument("folder", metavar="FOLDER", type=Path, help="of CTs: files, or a folder of DICOM for each")
    command.add_argument(
        "--prompts", type=Path, required=True, metavar="FILE",
        help="a table (case,slice,y0,x0,y1,x1 and, if wanted, label,object) or prompts that Lobule exported (.json)",
    )  # fmt: skip
    command.add_argument("--propagate", action="store_true", help="carry every object to the slices next to its boxes")
    add_model(command)
    command.add_argument("--jobs", type=_count, default=1, metavar="N", help="cases at once (default 1)")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUTDIR",
        help="for one .nii.gz and one .json of prompts a case; files of those names are replaced",
    )  # fmt: skip
    command.set_defaults(run=batch)


def batch(chosen: argparse.Namespace) -> int:
    """Segment case after case.

    Returns:
        0; 1 if something of some cases was not found, 2 if all failed, 130 after Ctrl+C.
    """
    from core.scoring.folders import cases

    _check(chosen)
    window, asked = window_of(chosen.window), read_prompts(chosen.prompts)
    found = cases(chosen.folder)
    chosen.output.mkdir(exist_ok=True)
    outcomes: list[Outcome] = []
    stopped = False
    how = How(tuple(asked), chosen.propagate, chosen.model, window, chosen.output)
    rows = _run(found, how, chosen.jobs)
    try:
        for outcome in _with_progress(rows, len(found)):
            if outcome is not None:
                outcomes.append(outcome)
                _print(outcome)
    except KeyboardInterrupt:
        stopped = True
        print(f"Stopped after {len(outcomes)} of {counted(len(found), 'case')}.", file=sys.stderr)
    finally:
        rows.close()
    if not stopped:
        outcomes += _unmatched(asked, found, outcomes)
    failed = sum(outcome.path is None for outcome in outcomes)
    print(f"{counted(len(outcomes) - failed, 'case')} saved in {chosen.output}, {failed} failed.")
    if stopped:
        return _STOPPED
    return 0 if not any(outcome.problems for outcome in outcomes) else 2 if failed == len(outcomes) else 1


def _run(found: dict[str, Path], how: How, jobs: int) -> Generator[Outcome | None, None, None]:
    """Yield what became of the cases in their order; None for a case without prompts."""
    if jobs == 1:
        yield from (_case(case, path, how) for case, path in found.items())
        return
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    from core.scoring.backends import leave_ctrl_c_to_the_parent

    with joblib.parallel_config(backend="loky", initializer=leave_ctrl_c_to_the_parent), ExitStack() as stack:
        run = joblib.Parallel(n_jobs=jobs, return_as="generator")
        rows = run(joblib.delayed(_case)(case, path, how) for case, path in found.items())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", UserWarning)  # joblib warns of work in vain; it was stopped on purpose
        stack.callback(rows.close)
        try:
            yield from rows
        except TerminatedWorkerError as error:
            raise DeviceError(
                f"One of {jobs} processes ended before its case was done, most likely because the memory ran out. "
                "Use fewer jobs."
            ) from error


def _case(case: str, path: Path, how: How) -> Outcome | None:
    from core.workspace.objects import segment_case

    names = {case, path.name}
    mine = [asked for asked in how.asked if asked.case in names or asked.fingerprint]
    if not mine:
        return None
    try:
        return segment_case(case, path, mine, how)
    except LobuleError as error:
        return Outcome(case, 0, (str(error),), None)
    except MemoryError:
        return Outcome(case, 0, ("It needs more memory than there is. Use fewer jobs.",), None)
    except Exception as bug:
        bug.add_note(f"while case {case} was segmented")
        raise


def _with_progress(rows: Generator[Outcome | None, None, None], total: int) -> Generator[Outcome | None, None, None]:
    from tqdm import tqdm

    yield from tqdm(rows, total=total, unit="case", leave=False, disable=None)


def _print(outcome: Outcome) -> None:
    from tqdm import tqdm

    if outcome.path:
        tqdm.write(f"{outcome.case}: {counted(outcome.objects, 'object')}, saved {outcome.path}")
    for problem in outcome.problems:
        tqdm.write(f"{outcome.case}: {problem}", file=sys.stderr)


def _unmatched(asked: list[Asked], found: dict[str, Path], outcomes: list[Outcome]) -> list[Outcome]:
    """Return a failed case for every name or record in the prompts that no CT answers to."""
    names = found.keys() | {path.name for path in found.values()}
    named = Counter(one.case for one in asked if one.case and one.case not in names)
    missing = [Outcome(case, 0, ("The folder holds no such CT.",), None) for case in named]
    if any(one.fingerprint for one in asked) and not any(outcome.path or outcome.problems for outcome in outcomes):
        missing.append(Outcome("prompts", 0, ("The folder holds no CT on which these prompts were made.",), None))
    for outcome in missing:
        _print(outcome)
    return missing


def _check(chosen: argparse.Namespace) -> None:
    """Find out before the slow part what cannot be."""
    if not chosen.folder.is_dir():
        raise ReadError(f"{chosen.folder} is no folder. Give the folder of the CTs.")
    if chosen.output.exists() and not chosen.output.is_dir():
        raise WriteError(f"{chosen.output} is a file. Give the masks the name of a folder.")
    if not chosen.output.absolute().parent.is_dir():
        raise WriteError(f"The folder {chosen.output.parent} does not exist. Create it or choose another one.")
    if chosen.output.exists() and chosen.output.samefile(chosen.folder):
        raise WriteError(f"{chosen.output} is the folder of the CTs, which must not be replaced. Choose another one.")


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs from 1 to 64")
    return int(text)
