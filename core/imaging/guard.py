"""Opens files in a short-lived process of its own, so that no file can take the server down with it.

The decoders are large C libraries and users' files can be damaged or hostile: a crash, endless work or a memory
bomb ends the other process, and becomes one sentence here. What the libraries print can hold a patient's name and
goes nowhere.
"""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.choices import SeriesSummary, SeveralSeries
from core.imaging.decoding import Decoded, decode
from core.imaging.files import in_bytes, is_full_disk
from core.imaging.grid import Grid
from core.imaging.job import Job, Limits
from core.imaging.volume import Intensity

_COMMAND = (sys.executable, "-m", "core.imaging.guard")
_ROOT = Path(__file__).parents[2]
_NO_ROOM = 75  # an exit code: an answer in words would find no room either
_OUT_OF_TIME = -getattr(signal, "SIGXCPU", 24)
_TEXTS = ("name", "format", "modality", "description", "frame", "series")


def decode_guarded(paths: Sequence[Path], job: Job) -> Decoded:
    """Do what `decode` does, in a process with limits; costs about half a second more.

    Raises:
        ReadError: As `decode`, and when the process crashed, ran out of memory or disk, or took too long.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="lobule-") as folder:
            return _decode_in(Path(folder), paths, job)
    except OSError as error:
        if is_full_disk(error):
            raise _no_room(paths[0].name if paths else "The file") from error
        raise


def _decode_in(workspace: Path, paths: Sequence[Path], job: Job) -> Decoded:
    request = {
        "paths": [str(path.absolute()) for path in paths],
        "limits": asdict(job.limits),
        "series": job.series,
        "wants_labels": job.wants_labels,
        "steps": job.steps,
    }
    (workspace / "request.json").write_text(json.dumps(request))
    code = _run(workspace, job.limits)
    answer = workspace / "answer.json"
    if code != 0 or not answer.is_file():
        raise _died(_blamed(workspace, paths), code, job.limits)
    return _answered(json.loads(answer.read_text()), workspace)


def _run(workspace: Path, limits: Limits) -> int | None:
    """Run the process and return its exit code; None if it took too long."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"), "1")
    environment = os.environ | one | {"PYTHONPATH": _search_path(), "LC_ALL": "C", "TMPDIR": str(workspace)}
    try:
        done = subprocess.run(
            [*_COMMAND, str(workspace)],
            env=environment,
            cwd=_ROOT,
            timeout=limits.seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _search_path() -> str:
    return os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def _blamed(workspace: Path, paths: Sequence[Path]) -> str:
    """Name the file that was being decoded when the process ended."""
    with contextlib.suppress(OSError):
        if name := (workspace / "started").read_text(encoding="utf-8"):
            return name
    return paths[0].name if paths else "The file"


def _died(name: str, code: int | None, limits: Limits) -> ReadError:
    if code == _NO_ROOM:
        return _no_room(name)
    if code in (None, _OUT_OF_TIME):
        return ReadError(f"{name} took longer than {limits.seconds} s to open and was stopped. Open a smaller series.")
    return ReadError(
        f"{name} could not be opened: it is damaged, or needs more than {in_bytes(limits.memory_bytes)} of memory. "
        "Copy or export it again."
    )


def _no_room(name: str) -> ReadError:
    return ReadError(f"{name} could not be opened because the disk is full. Free some space and open it again.")


def _answered(answer: dict[str, Any], workspace: Path) -> Decoded:
    if "choices" in answer:
        raise SeveralSeries(tuple(_summary(choice, workspace, n) for n, choice in enumerate(answer["choices"])))
    if "error" in answer:
        raise ReadError(answer["error"])
    voxels = np.load(workspace / "voxels.npy", allow_pickle=False)
    grid = Grid(voxels.shape, np.array(answer["affine"]), answer["has_spacing"], answer["has_direction"])
    return Decoded(
        voxels=voxels,
        grid=grid,
        notes=tuple(answer["notes"]),
        intensity=Intensity(answer["intensity"]),
        names={int(value): name for value, name in answer["names"].items()},
        sparse=answer["sparse"],
        **{key: answer[key] for key in _TEXTS},
    )


def _summary(choice: dict[str, Any], workspace: Path, number: int) -> SeriesSummary:
    rows, columns = choice.pop("size")
    z, y, x = choice.pop("spacing")
    thumbnail = np.load(workspace / f"thumbnail{number}.npy", allow_pickle=False)
    return SeriesSummary(size=(rows, columns), spacing=(z, y, x), thumbnail=thumbnail, **choice)


def _main(workspace: Path) -> None:
    """Be the guarded process: read the request, decode, leave the answer."""
    request = json.loads((workspace / "request.json").read_text())
    limits = Limits(**request["limits"])
    _restrict(limits)
    steps = tuple((x, y, z) for x, y, z in request["steps"])
    job = Job(limits, _note_in(workspace / "started"), request["series"], request["wants_labels"], steps)
    try:
        answer = _answer([Path(path) for path in request["paths"]], job, workspace)
        (workspace / "answer.json").write_text(json.dumps(answer))
    except OSError as error:
        sys.exit(_NO_ROOM if is_full_disk(error) else 1)


def _answer(paths: Sequence[Path], job: Job, workspace: Path) -> dict[str, Any]:
    """Decode, and return the answer or what went wrong in words.

    Raises:
        OSError: The disk is full.
    """
    unpacking = workspace / "unpacked"
    unpacking.mkdir()
    try:
        return _told(decode(paths, job, unpacking), workspace)
    except SeveralSeries as several:
        return {"choices": [_choice(choice, workspace, n) for n, choice in enumerate(several.choices)]}
    except ReadError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": _too_large(_blamed(workspace, paths), job.limits)}
    except Exception as error:  # the text of an unknown error may quote the file, so only its kind is told
        if is_full_disk(error):
            raise
        return {"error": _surprise(_blamed(workspace, paths), error)}


def _too_large(name: str, limits: Limits) -> str:
    return f"{name} needs more than {in_bytes(limits.memory_bytes)} of memory to open. Crop it, or check its header."


def _surprise(name: str, error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
    return f"{name} could not be opened: it is damaged or of an unusual kind ({told}). Copy or export it again."


def _note_in(path: Path) -> Callable[[str], None]:
    def note(name: str) -> None:
        path.write_text(name, encoding="utf-8")

    return note


def _told(decoded: Decoded, workspace: Path) -> dict[str, Any]:
    _save(workspace / "voxels.npy", decoded.voxels)
    texts = {key: getattr(decoded, key) for key in _TEXTS}
    grid = decoded.grid
    return texts | {
        "affine": grid.affine.tolist(),
        "has_spacing": grid.has_spacing,
        "has_direction": grid.has_direction,
        "notes": decoded.notes,
        "intensity": decoded.intensity,
        "names": dict(decoded.names),
        "sparse": decoded.sparse,
    }


def _choice(choice: SeriesSummary, workspace: Path, number: int) -> dict[str, Any]:
    _save(workspace / f"thumbnail{number}.npy", choice.thumbnail)
    kept = ("key", "description", "modality", "slices", "size", "spacing")
    return {key: getattr(choice, key) for key in kept}


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    try:
        np.save(path, array)
    except OSError as error:  # NumPy does not say why it could not write
        raise OSError(errno.ENOSPC, "the array could not be written") from error


def _restrict(limits: Limits) -> None:
    """Set hard limits on this process where the system has them (not on Windows)."""
    if sys.platform == "win32":
        return
    import resource

    os.umask(0o077)
    for what, soft, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.seconds, limits.seconds + 1),  # SIGXCPU at the soft limit says why, SIGKILL not
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (soft, hard))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
