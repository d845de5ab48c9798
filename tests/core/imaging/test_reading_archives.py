import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from core.errors import ReadError
from core.imaging.archive import unpacked
from core.imaging.files import recognised
from core.imaging.job import Limits
from tests.core.imaging.nifti_files import write_nifti
from tests.core.imaging.opening import opened

HU = np.random.default_rng(5).integers(-1000, 1200, (5, 12, 14)).astype(np.int16)


@pytest.fixture
def nifti(tmp_path: Path) -> bytes:
    return write_nifti(tmp_path / "made.nii", HU).read_bytes()


def packed(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in entries.items():
            pack.writestr(name, content)
    return path


def test_one_volume_in_a_zip_is_read(tmp_path: Path, nifti: bytes) -> None:
    entries = {"case/ct.nii": nifti, "__MACOSX/case/._ct.nii": b"\0", "case/.DS_Store": b"\0"}
    volume = opened(packed(tmp_path / "case.zip", **entries))
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.source.name == "ct.nii"
    assert volume.source.notes == ()


@pytest.mark.parametrize("name", ["../ct.nii", "/etc/ct.nii", "a/../../ct.nii", "..\\ct.nii", "C:/ct.nii"])
def test_a_name_that_leads_outside_refuses_the_whole_archive(tmp_path: Path, nifti: bytes, name: str) -> None:
    with pytest.raises(ReadError, match=r"case\.zip was refused: it holds a link or a name that leads outside"):
        opened(packed(tmp_path / "case.zip", **{"ct.nii": nifti, name: nifti}))


def test_a_link_refuses_the_whole_archive(tmp_path: Path, nifti: bytes) -> None:
    link = zipfile.ZipInfo("passwords.nii")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "case.zip", "w") as pack:
        pack.writestr("ct.nii", nifti)
        pack.writestr(link, "/etc/passwd")
    with pytest.raises(ReadError, match="a link or a name that leads outside"):
        opened(tmp_path / "case.zip")


def test_an_encrypted_archive_is_refused(tmp_path: Path, nifti: bytes) -> None:
    path = packed(tmp_path / "case.zip", **{"ct.nii": nifti})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"case\.zip is encrypted"):
        opened(path)


def test_an_archive_in_an_archive_is_refused(tmp_path: Path, nifti: bytes) -> None:
    inner = packed(tmp_path / "inner.zip", **{"ct.nii": nifti}).read_bytes()
    with pytest.raises(ReadError, match=r"case\.zip holds another archive, inner\.zip"):
        opened(packed(tmp_path / "case.zip", **{"inner.zip": inner}))


def test_a_declared_bomb_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = packed(tmp_path / "bomb.zip", **{"ct.nii": bytes(20_000_000)})
    assert path.stat().st_size < 50_000
    with pytest.raises(ReadError, match=r"bomb\.zip unpacks to 20\.0 MB; at most 1\.0 MB"):
        opened(path, limits=Limits(max_unpacked_bytes=1_000_000))


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "bomb.zip", **{"ct.nii": bytes(20_000_000)})
    data = path.read_bytes()
    lie = struct.pack("<I", 20_000_000)
    assert data.count(lie) == 2
    path.write_bytes(data.replace(lie, struct.pack("<I", 500)))
    with pytest.raises(ReadError, match=r"bomb\.zip is damaged or incomplete"):
        opened(path, limits=Limits(max_unpacked_bytes=1_000_000))


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"case\.zip holds 12 files; at most 10"):
        opened(packed(tmp_path / "case.zip", **{str(n): b"x" for n in range(12)}), limits=Limits(max_files=10))


@pytest.mark.parametrize("left", [0.3, 0.9])
def test_a_truncated_archive_is_refused(tmp_path: Path, nifti: bytes, left: float) -> None:
    path = packed(tmp_path / "case.zip", **{"ct.nii": nifti})
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(ReadError, match=r"case\.zip is damaged or incomplete"):
        opened(path)


def test_a_damaged_entry_is_refused(tmp_path: Path, nifti: bytes) -> None:
    path = packed(tmp_path / "case.zip", **{"ct.nii": nifti})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", zlib.crc32(nifti)), b"\1\2\3\4"))
    with pytest.raises(ReadError, match=r"case\.zip is damaged"):
        opened(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("start", [40, 44, 60, 200])
def test_packed_bytes_that_are_damaged_are_refused(tmp_path: Path, nifti: bytes, method: int, start: int) -> None:
    with zipfile.ZipFile(tmp_path / "case.zip", "w", method) as pack:
        pack.writestr("ct.nii", nifti)
    data = bytearray((tmp_path / "case.zip").read_bytes())
    data[start : start + 30] = b"\xff" * 30
    (tmp_path / "case.zip").write_bytes(data)
    with pytest.raises(ReadError, match=r"^case\.zip is damaged or incomplete\. Make the \.zip again\.$"):
        opened(tmp_path / "case.zip")


def test_an_unknown_way_of_packing_is_refused(tmp_path: Path, nifti: bytes) -> None:
    path = packed(tmp_path / "case.zip", **{"ct.nii": nifti})
    data = bytearray(path.read_bytes())
    for place in (8, data.index(b"PK\x01\x02") + 10):
        data[place] = 9  # Deflate64, as Windows packs what is larger than 2 GB
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"case\.zip is packed in a way that is not read.*Make a plain \.zip"):
        opened(path)


@pytest.mark.parametrize("error", [RuntimeError("password required"), struct.error("unpack"), MemoryError()])
def test_whatever_the_unpacker_raises_is_a_sentence_but_for_memory(
    tmp_path: Path, nifti: bytes, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    path = packed(tmp_path / "case.zip", **{"ct.nii": nifti})
    monkeypatch.setattr(zipfile.ZipExtFile, "read", fails)
    with pytest.raises(MemoryError if isinstance(error, MemoryError) else ReadError):
        opened(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full disk that Linux offers for tests")
def test_a_full_disk_is_not_blamed_on_the_archive(tmp_path: Path, nifti: bytes) -> None:
    path = packed(tmp_path / "case.zip", **{"ct.nii": nifti})
    (tmp_path / "000000").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        unpacked(recognised(path, path.name), tmp_path, Limits())


def test_an_empty_archive_and_one_among_files_are_refused(tmp_path: Path, nifti: bytes) -> None:
    with pytest.raises(ReadError, match=r"empty\.zip holds no files"):
        opened(packed(tmp_path / "empty.zip"))
    both = [packed(tmp_path / "case.zip", **{"ct.nii": nifti}), tmp_path / "made.nii"]
    with pytest.raises(ReadError, match=r"case\.zip is an archive among other files"):
        opened(both)
