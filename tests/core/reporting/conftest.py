"""Label files to score from the command line."""

from pathlib import Path

import pytest

from tests.core.scoring.files import SPACING, Write, write_labels


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return lambda name, *blocks, **how: write_labels(tmp_path / name, *blocks, **how)


@pytest.fixture
def cohort(write: Write, tmp_path: Path) -> tuple[str, str]:
    """Two folders: a Dice of 0.8, one of 1, a missed tumour, a prediction on another grid."""
    for case, rows in (("a", slice(2, 6)), ("b", slice(2, 8)), ("c", slice(0, 0)), ("d", slice(2, 8))):
        write(f"p/{case}.nii.gz", (2, rows), spacing=(6.0, 3.0, 2.0) if case == "d" else SPACING)
        write(f"r/{case}.nrrd", (2, slice(2, 8)))
    return str(tmp_path / "p"), str(tmp_path / "r")
