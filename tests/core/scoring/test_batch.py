"""Pairs of files scored one by one and several at once; on a cluster, see the tests of the command."""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DeviceError, GeometryError, ReadError
from core.imaging.samples import phantom
from core.imaging.volume import LIVER, TUMOUR
from core.imaging.writing import write_mask
from core.scoring import backends, batch
from core.scoring.batch import Pair, Row, pairs, score_all, score_pair
from core.scoring.surfaces import Definition
from tests.core.scoring.files import write_labels


@pytest.fixture
def cohort(tmp_path: Path) -> list[Pair]:
    """Five cases of tumours in rows 2 to 7 of 12: found, half found, missed; unreadable, and without a prediction."""
    for case, rows in (("a", slice(2, 8)), ("b", slice(2, 5)), ("c", slice(0, 0))):
        write_labels(tmp_path / "p" / f"{case}.nii.gz", (2, rows))
    for case in "abcde":
        write_labels(tmp_path / "r" / f"{case}.nrrd", (2, slice(2, 8)))
    (tmp_path / "p" / "d.nii").write_text("no image")
    return pairs(tmp_path / "p", tmp_path / "r")


def told(rows: Sequence[Row]) -> list[tuple[str, float | None]]:
    return [(row.case, row.card.labels[0].figures["dice"] if row.card else None) for row in rows]


EXPECTED = [("a", 1.0), ("b", pytest.approx(2 * 3 / (3 + 6))), ("c", 0.0), ("d", None), ("e", None)]


def test_a_bad_file_is_a_row_and_not_the_end(cohort: list[Pair]) -> None:
    rows = list(score_all(cohort))
    assert told(rows) == EXPECTED
    assert "d.nii" in rows[3].problem
    assert rows[4].problem == "e has a reference and no prediction. Add the file, or take the other away."
    assert [[(used.role, used.name) for used in row.files] for row in rows[2:]] == [
        [("prediction", "c.nii.gz"), ("reference", "c.nrrd")],
        [("prediction", "d.nii"), ("reference", "d.nrrd")],
        [("reference", "e.nrrd")],
    ]


def test_several_processes_say_the_same_in_the_same_order(cohort: list[Pair]) -> None:
    alone, together = list(score_all(cohort, pictures=True)), list(score_all(cohort, pictures=True, jobs=2))
    assert told(together) == EXPECTED
    assert [row.problem for row in together] == [row.problem for row in alone]
    assert [row.files for row in together] == [row.files for row in alone]
    assert [row.pictures for row in together] == [row.pictures for row in alone]


def test_files_are_known_by_their_sha256(tmp_path: Path) -> None:
    mask = write_labels(tmp_path / "a.nii.gz", (1, slice(2, 5)))
    (prediction, reference) = score_pair(Pair("a", mask, mask)).files
    assert (prediction.role, reference.role) == ("prediction", "reference")
    assert prediction.sha256 == hashlib.sha256(mask.read_bytes()).hexdigest()
    assert batch.used("ct", mask, "CT of the liver.nii.gz").name == "CT of the liver.nii.gz"


def test_a_folder_is_known_by_what_sha256sum_prints(tmp_path: Path) -> None:
    for name in ("s10.png", "s2.png", ".DS_Store"):
        (tmp_path / name).write_bytes(name.encode())
    listed = subprocess.run(["sha256sum", "s2.png", "s10.png"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert batch.used("reference", tmp_path).sha256 == hashlib.sha256(listed).hexdigest()


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"gone\.nii cannot be read"):
        batch.used("ct", tmp_path / "gone.nii")


def test_the_picture_shows_the_slice_with_most_wrong_voxels(tmp_path: Path) -> None:
    volume, truth = phantom()
    labels = truth.voxels.copy()
    labels[24, 118:126, 54:64] = 0
    labels[23, 118:120, 54:64] = 0
    for name, array in (("p", labels), ("r", truth.voxels)):
        write_mask(replace(truth, voxels=array), volume, tmp_path / f"{name}.nii.gz")
    row = score_pair(Pair("phantom", tmp_path / "p.nii.gz", tmp_path / "r.nii.gz"), pictures=True)
    assert row.card is not None
    assert [picture.label for picture in row.pictures] == [LIVER, TUMOUR]
    missed = row.pictures[1]
    lost = [int(np.count_nonzero((truth.voxels[z] == TUMOUR) & (labels[z] != TUMOUR))) for z in (23, 24)]
    kept = int(np.count_nonzero(labels[24] == TUMOUR))
    assert lost[1] > lost[0] > 0
    assert missed.z == 24
    assert missed.caption == f"Slice 25: {kept:,} voxels found, 0 made up, {lost[1]} missed."
    picture = np.asarray(Image.open(io.BytesIO(missed.jpeg))).astype(int)
    blue = picture[..., 2] - picture[..., 0] > 40  # missed ones; all else is grey, green or red
    assert 0.005 < blue.mean() < 0.5


def test_a_label_in_neither_mask_has_no_picture(tmp_path: Path) -> None:
    empty = write_labels(tmp_path / "a.nii.gz")
    row = score_pair(Pair("a", empty, empty), labels={2: "tumour"}, pictures=True)
    assert row.card is not None
    assert row.card.labels[0].name == "tumour"
    assert row.pictures == ()


def test_what_is_asked_for_reaches_every_case(cohort: list[Pair]) -> None:
    how = {"labels": {2: "metastasis"}, "tolerance_mm": 4.0, "definitions": (Definition.MONAI,)}
    row = next(score_all(cohort[1:2], **how))  # type: ignore[arg-type]
    assert row.card is not None
    assert row.card.tolerance_mm == 4
    (found,) = row.card.labels
    assert found.name == "metastasis"
    assert found.figures["monai_hd_mm"] == 3 * 3  # rows 5 to 7 of 3 mm are missed
    assert "hd_mm" not in found.figures


def test_another_grid_is_a_problem_of_the_case(tmp_path: Path) -> None:
    pair = Pair(
        "a", write_labels(tmp_path / "p.nii"), write_labels(tmp_path / "r.nii", spacing=(5.0, 3.0, 2.5))
    )  # fmt: skip
    with pytest.raises(GeometryError, match="another grid"):
        score_pair(pair)
    (row,) = score_all([pair])
    assert row.card is None
    assert "another grid" in row.problem


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bug_is_loud_and_says_in_which_case(cohort: list[Pair], jobs: int) -> None:
    with pytest.raises(TypeError) as raised:
        list(score_all(cohort[:1], tolerance_mm="two", jobs=jobs))  # type: ignore[arg-type]
    assert raised.value.__notes__ == ["while case a was scored"]


def test_want_of_memory_is_a_problem_of_the_case(cohort: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(batch, "score", no_room)
    (row,) = score_all(cohort[:1])
    assert row.problem == "a needs more memory than there is. Score with fewer jobs, or crop its files."


def test_closing_ends_the_work_and_leaves_nothing_behind(
    cohort: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for jobs in (1, 2):
        rows = score_all([replace(cohort[0], case=str(n)) for n in range(40)], jobs=jobs)
        assert next(rows).case == "0"
        rows.close()
        assert list(rows) == []
        assert not list((tmp_path / "temporary").glob("lobule-*"))


def test_less_than_one_job_is_a_programmers_mistake(cohort: list[Pair]) -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        next(score_all(cohort, jobs=0))
    with pytest.raises(ValueError, match="one of dask, ray, got 'spark'"):
        next(score_all(cohort, backend="spark"))


def test_a_backend_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    for backend, package in (("dask", "distributed"), ("ray", "ray")):
        with pytest.raises(ReadError, match=f"is not installed. Type: pip install {package}"):
            backends.check_backend(backend)


def test_an_address_where_nobody_answers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "PATIENCE", "0.5s")
    with pytest.raises(DeviceError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9"):
        backends.connected("dask", "tcp://127.0.0.1:9").__enter__()
    with pytest.raises(DeviceError, match="No Dask scheduler answers at nonsense://x"):
        backends.connected("dask", "nonsense://x").__enter__()
    with pytest.raises(ReadError, match="Only Dask is given the address"):
        backends.connected(None, "tcp://127.0.0.1:9").__enter__()


def test_processes_share_the_cores() -> None:
    code = "from core.scoring.elements import THREADS; print(THREADS)"
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout == b"1\n"
    )
