"""A process that draws on a case without end and says after each action what there is; made to be killed.

    python -m tests.core.workspace.annotator FOLDER SEED [LARGEST_FILE_BYTES]

Prints one line per acknowledged action: its number in the journal and `digest`. With a largest size of files the disk
is as good as full at some point; then it says ``refused``, and the digest once more.
"""

import contextlib
import hashlib
import signal
import sys
from pathlib import Path

import numpy as np

from core.editing.annotation import Annotation
from core.editing.commands import from_json, perform
from core.errors import CaseError, PromptError
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from core.workspace import kept as keeping
from core.workspace import library as libraries
from core.workspace.kept import KeptCase
from core.workspace.library import Library

SHAPE = (9, 60, 72)


def volume() -> Volume:
    grid = Grid.from_geometry(SHAPE, (3.0, 0.7, 0.9))
    hu = np.random.default_rng(1).integers(-100, 200, SHAPE).astype(np.int16)
    return Volume(hu, grid, Source("case", "sample", grid))


def digest(annotation: Annotation) -> str:
    """Stand for all that a reader sees: labels of all voxels, objects, and what can be undone and redone."""
    told = [(o.id, o.z, o.label, o.voxels) for o in annotation.outlines]
    names = (annotation.undo_name, annotation.redo_name, [label.name for label in annotation.labels])
    seen = annotation.label_map().voxels.tobytes() + repr((told, names)).encode()
    return hashlib.sha256(seen).hexdigest()


def act(kept: KeptCase, rng: np.random.Generator) -> None:
    """Do one thing that a reader may do; some do nothing."""
    ids = [finding.id for finding in kept.annotation.findings]
    some = int(rng.choice(ids)) if ids else None
    z, y, x = (int(rng.integers(n)) for n in SHAPE)
    brush = {"do": "paint", "label": 2, "points": [[z, y, x], [z, y // 2, x]], "radius_mm": 4.0}
    kinds = [
        brush | {"object": None},
        brush | {"object": some, "ball": True},
        brush | {"object": some, "erase": True},
        {"do": "undo"},
        {"do": "redo"},
        {"do": "delete", "object": some},
        {"do": "grow", "object": some, "mm": 1.0},
        {"do": "relabel", "object": some, "label": 1},
        {"do": "add_label", "name": f"label {rng.integers(1e9)}"},
    ]
    asked = kinds[rng.choice(len(kinds), p=[0.3, 0.2, 0.1, 0.15, 0.05, 0.05, 0.05, 0.05, 0.05])]
    with contextlib.suppress(PromptError, ValueError), kept.acting(asked):
        perform(from_json(asked), kept.annotation, kept.volume)


def main(folder: Path, seed: int, largest: int = 0) -> None:
    keeping.SNAPSHOT_EVERY = 7  # so that many are killed while one is written
    libraries._SPARE_BYTES = 0  # so that a small disk is not refused at once
    kept = Library(folder).open(volume())
    if largest:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    rng = np.random.default_rng(seed)
    print(kept.seq, digest(kept.annotation), flush=True)
    try:
        while True:
            act(kept, rng)
            print(kept.seq, digest(kept.annotation), flush=True)
    except CaseError as error:
        print("refused", digest(kept.annotation), error, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *(int(n) for n in sys.argv[3:]))
