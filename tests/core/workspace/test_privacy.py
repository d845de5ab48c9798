"""A phantom patient must leave no trace, and what would leave with an export is listed."""

import contextlib
import gzip
import logging
import re
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import __main__ as cli
from core.imaging.reading import read_volume
from core.workspace.audit import audit_json
from core.workspace.kept import KeptCase, Window
from core.workspace.library import Library
from core.workspace.privacy import Export, is_telling, leaving
from tests.core.imaging.dicom_files import PATIENT_ID, PATIENT_NAME, write_series
from tests.core.workspace.cases import answered, block, do, paint, volume

BIRTH = "19310412"
TELLING = re.compile(
    "|".join(("hofmann", "wilhelmine", re.escape(PATIENT_ID), "krk.?4711", BIRTH, "1931.?04.?12")), re.I
)


def texts(path: Path) -> Iterator[bytes]:
    """Yield what is in a file, packed or not, and every cell of a database."""
    data = path.read_bytes()
    yield data
    if path.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(path)) as base:
            tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                for row in base.execute(f"SELECT * FROM {table}"):  # noqa: S608
                    yield repr(row).encode()
                    yield from (zlib.decompress(cell) for cell in row if isinstance(cell, bytes) and cell)
    if data[:2] == b"\x1f\x8b":
        yield zlib.decompressobj(31).decompress(data)  # also of what is being written


def traces(*folders: Path) -> list[str]:
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if TELLING.search(str(path.relative_to(folder))):
                found.append(f"{path} is named so")
            if path.is_file():
                found += [f"in {path}" for text in texts(path) if TELLING.search(text.decode("latin-1"))]
    return found


def test_the_search_finds_a_patient_where_there_is_one(tmp_path: Path) -> None:
    """Else the next test could not fail."""
    (tmp_path / "note.txt").write_text(f"of {PATIENT_NAME}")
    with contextlib.closing(sqlite3.connect(tmp_path / "a.sqlite")) as base, base:
        base.execute("CREATE TABLE t (b BLOB)")
        base.execute("INSERT INTO t VALUES (?)", (zlib.compress(b"x" * 500 + PATIENT_ID.encode() + b"x" * 500),))
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"born 1931-04-12"))
    assert len(traces(tmp_path)) == 3


def test_a_phantom_patient_is_in_no_file_log_record_or_word_of_a_case(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home, temporary, series = tmp_path / "home", tmp_path / "temporary", tmp_path / "series"
    temporary.mkdir()
    monkeypatch.setenv("LOBULE_HOME", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)
    rng = np.random.default_rng(3)
    described = f"{PATIENT_NAME.replace('^', ' ')} Abdomen"
    write_series(series, rng.integers(-100, 200, (6, 14, 17)).astype(np.int16), SeriesDescription=described)
    (series / "Letter on Hofmann.txt").write_text("Dear colleague")
    ct = read_volume(series)
    assert any("Hofmann" in note for note in ct.source.notes), "who opens it is told what was left out"
    library = Library()
    kept = library.open(ct, Window("AB", who="room 4"), origin=series)
    assert kept.saving is not None
    kept.saving.result()
    answered(kept.annotation, 2, block(3, 4, 6, 11))
    paint(kept, 3, 9, 9)
    do(kept, do="add_label", name="cyst")
    record = audit_json(kept, initials=True)
    kept.close()
    kept = library.open(ct, Window("AB"))  # left open, as by a crash: its journal is not folded in
    paint(kept, 4, 9, 9)
    assert cli.main(["cases"]) == cli.main(["cases", "--json"]) == 0
    assert cli.main(["audit", ct.key[:10], "--reader", "AB", "-o", str(home / "record.json")]) == 0
    printed = capsys.readouterr()
    assert traces(home, temporary) == []
    for said in (record, printed.out, printed.err, caplog.text, *(entry.value for entry in leaving(kept))):
        assert not TELLING.search(said)


@pytest.fixture
def kept(tmp_path: Path) -> KeptCase:
    kept = Library(tmp_path / "cases").open(volume(name="A name of a file"), Window("AB"))
    answered(kept.annotation, 2, block(3, 4, 6, 11))
    do(kept, do="add_label", name="cyst of Mr Smith")
    return kept


def test_everything_that_people_typed_is_listed_to_be_looked_at(kept: KeptCase) -> None:
    found = {(one.what, one.value): one for one in leaving(kept)}
    assert found["name of a label", "cyst of Mr Smith"].look
    assert not found["name of a label", "tumour"].look
    assert found["name of a step", "new label cyst of Mr Smith"].look
    assert found["initials of the reader, if you ask for them", "AB"].exports == (Export.RECORD,)


def test_every_text_of_a_record_that_a_person_typed_is_among_what_is_listed(kept: KeptCase) -> None:
    record = audit_json(kept, initials=True)
    listed = {one.value for one in leaving(kept) if Export.RECORD in one.exports}
    assert "A name of a file" not in record
    for typed in ("cyst of Mr Smith", "AB", kept.key):
        assert typed in record
        assert typed in listed


def test_the_name_of_a_case_and_of_its_file_do_not_leave(kept: KeptCase) -> None:
    assert not any("A name of a file" in one.value for one in leaving(kept))


@pytest.mark.parametrize(
    "text", ["K-471188", "12.04.1931", "1931-04-12", "Hofmann^Wilhelmine", "a@b.org", "Herr Maier"]
)
def test_what_looks_like_a_person_is_told(text: str) -> None:
    assert is_telling(text)


@pytest.mark.parametrize("text", ["tumour", "cyst 3", "segment IV/V", "new label 囊肿", "met 12 mm"])
def test_ordinary_labels_raise_no_alarm(text: str) -> None:
    assert not is_telling(text)


def test_cases_are_readable_by_their_owner_only(kept: KeptCase) -> None:
    kept.close()
    folders = [kept.folder, *(path for path in kept.folder.rglob("*") if path.is_dir())]
    assert {oct(path.stat().st_mode & 0o077) for path in folders} == {"0o0"}
