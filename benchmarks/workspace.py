"""What keeping a case costs: a stroke into the journal, a case of 512 × 512 × 300 voxels reopened, a case opened.

    python -m benchmarks.workspace [--strokes 200] [--rounds 5] [--folder DIR]

Times depend on the disk: a bare fsync of the same bytes is timed in turn with the strokes, and the rest is ours. The
case has a liver over 180 slices, a lesion carried over 40, and the strokes; the labels are real discs and ellipsoids,
the CT is noise, since what a journal costs depends on neither.
"""

import argparse
import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import numpy.typing as npt

from core.editing.commands import from_json, perform
from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR, Source, Volume
from core.workspace.kept import KeptCase
from core.workspace.library import Library

SHAPE, SPACING = (300, 512, 512), (2.0, 0.75, 0.75)
GOALS = {"a stroke into the journal": "5 ms", "reopening the case": "1 s"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time what keeping a case costs.")
    parser.add_argument("--strokes", type=int, default=200, help="brush strokes (default 200)")
    parser.add_argument("--rounds", type=int, default=5, help="how often the case is reopened (default 5)")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure; by default a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(f"Load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
        print(table(*measure(Library(Path(folder) / "cases"), options.strokes, options.rounds)))


def measure(library: Library, strokes: int, rounds: int) -> tuple[dict[str, list[float]], int]:
    """Return seconds of each thing, and how many bytes the journal takes per stroke."""
    ct = volume(SHAPE, SPACING)
    ct.key  # noqa: B018  a CT that is open has been given its fingerprint
    times: dict[str, list[float]] = {}
    started = perf_counter()
    kept = library.open(ct)
    times["opening a new case"] = [perf_counter() - started]
    if kept.saving is not None:
        kept.saving.result()
    times["the CT on the disk, in the background"] = [perf_counter() - started]
    kept.annotation.draw(ellipsoid(SHAPE, (150, 260, 200), (90, 150, 130)), "liver", label=LIVER)
    lesion = kept.annotation.draw(ellipsoid(SHAPE, (150, 250, 190), (20, 30, 24)), "lesion", label=TUMOUR)
    before = (kept.folder / "journal.sqlite-wal").stat().st_size
    times |= timed_strokes(kept, lesion, strokes)
    grown = (kept.folder / "journal.sqlite-wal").stat().st_size - before
    kept.give_up("")  # as if the process had been killed: no snapshot, no order
    again = [reopened(library, ct.key) for _ in range(rounds)]
    times["reopening the case, its journal not closed"] = again
    library.reopen(ct.key).close()
    times["reopening the case, closed in order"] = [reopened(library, ct.key) for _ in range(rounds)]
    times["the list, per case"] = [timed(library.cases) for _ in range(rounds)]
    return times, grown // strokes


def timed_strokes(kept: KeptCase, lesion: int, strokes: int) -> dict[str, list[float]]:
    """Return the seconds of whole strokes, of what the journal adds to each, and of a bare write beside it."""
    rng, y, x = np.random.default_rng(7), 0, 0
    write, journal, whole, bare = kept.annotation.ahead, [], [], []

    def ahead(move: object) -> None:
        started = perf_counter()
        write(move)  # type: ignore[misc,arg-type]
        journal.append(perf_counter() - started)

    kept.annotation.ahead = ahead
    with (kept.folder / "bare").open("wb") as file:
        for n in range(strokes):
            if n % 2 == 0:  # what one stroke paints the next takes away, so that each of them changes something
                y, x = int(rng.integers(290, 330)), int(rng.integers(220, 300))
            line = [[150.0, float(y), float(x + step)] for step in range(12)]
            asked = {"do": "paint", "object": lesion, "label": TUMOUR, "points": line, "radius_mm": 6.0}
            asked["erase"] = n % 2 == 1
            started = perf_counter()
            with kept.acting(asked):
                perform(from_json(asked), kept.annotation, kept.volume)
            whole.append(perf_counter() - started)
            started = perf_counter()
            file.write(rng.bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            bare.append(perf_counter() - started)
    kept.annotation.ahead = write
    return {"a stroke into the journal": journal, "a bare write and fsync of 4 KB": bare, "a stroke in all": whole}


def reopened(library: Library, key: str) -> float:
    started = perf_counter()
    kept = library.reopen(key)
    seconds = perf_counter() - started
    kept.give_up("")
    return seconds


def timed(job: object) -> float:
    started = perf_counter()
    job()  # type: ignore[operator]
    return perf_counter() - started


def volume(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Volume:
    grid = Grid.from_geometry(shape, spacing)
    hu = np.random.default_rng(5).integers(-1000, 1000, shape, dtype=np.int16)
    return Volume(hu, grid, Source("noise", "sample", grid))


def ellipsoid(
    shape: tuple[int, int, int], middle: tuple[int, int, int], radii: tuple[int, int, int]
) -> dict[int, npt.NDArray[np.bool_]]:
    """Return slice to mask ``(H, W)`` of an ellipsoid, in voxels."""
    y, x = np.ogrid[: shape[1], : shape[2]]
    flat = ((y - middle[1]) / radii[1]) ** 2 + ((x - middle[2]) / radii[2]) ** 2
    slices = range(middle[0] - radii[0] + 1, middle[0] + radii[0])
    return {z: flat < 1 - ((z - middle[0]) / radii[0]) ** 2 for z in slices}


def table(times: dict[str, list[float]], bytes_per_stroke: int) -> str:
    """Return the figures as a table; the goals stand beside them."""
    lines = ["| what | median | 95 % | worst | goal |", "|---|---|---|---|---|"]
    for what, seconds in times.items():
        goal = next((goal for name, goal in GOALS.items() if what.startswith(name)), "")
        figures = (median(seconds), float(np.percentile(seconds, 95)), max(seconds))
        lines.append(f"| {what} | {' | '.join(told(s) for s in figures)} | {goal} |")
    return "\n".join((*lines, "", f"The journal grows by {bytes_per_stroke:,} bytes per stroke."))


def told(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.2f} ms"


if __name__ == "__main__":
    main()
