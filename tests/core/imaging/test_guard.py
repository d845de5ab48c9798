import contextlib
import gzip
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
from PIL import Image

from core.errors import LobuleError, ReadError
from core.imaging import guard
from core.imaging.job import Limits
from core.imaging.reading import SeveralSeries, read_mask, read_volume
from core.imaging.volume import Volume
from tests.core.imaging.dicom_files import PATIENT_NAME, compress, write_series
from tests.core.imaging.nifti_files import write_nifti

HU = np.random.default_rng(5).integers(-1000, 1200, (5, 12, 14)).astype(np.int16)


def test_a_case_and_its_labels_come_through_whole(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "ct", HU, SliceThickness=5)
    volume = read_volume(tmp_path / "ct")
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.source.name == "Abdomen portal venous"
    assert any("2.5 mm apart" in note for note in volume.source.notes)
    assert not volume.hu.flags.writeable
    mask = read_mask([write_nifti(tmp_path / "labels.nii.gz", (HU > 900).astype("u1"))], volume)
    np.testing.assert_array_equal(mask.voxels, HU > 900)
    assert capfd.readouterr() == ("", "")


def test_choices_come_through_with_their_pictures(tmp_path: Path) -> None:
    write_series(tmp_path / "a", HU)
    write_series(tmp_path / "b", HU[:3], SeriesInstanceUID="1.2.3")
    with pytest.raises(SeveralSeries, match="2 series") as caught:
        read_volume(tmp_path)
    first, second = caught.value.choices
    assert first.spacing == pytest.approx((2.5, 0.75, 0.8))
    assert first.thumbnail.shape == (12, 14)
    np.testing.assert_array_equal(read_volume(tmp_path, series=second.key).hu, HU[:3])


def test_what_a_file_leaves_open_comes_through(tmp_path: Path) -> None:
    Image.fromarray(HU[0].astype(np.uint8)).save(tmp_path / "slice.png")
    grid = read_volume(tmp_path / "slice.png").source.grid
    assert not grid.has_spacing
    assert not grid.has_direction


def test_a_refusal_comes_through_in_words(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"^ct\.nii is incomplete: 48 bytes of 1\.7 kB"):
        read_volume(write_nifti(tmp_path / "ct.nii", HU, keep=400))


def _stand_in(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    before = "import sys, pathlib; (pathlib.Path(sys.argv[1]) / 'started').write_text('IM0003.dcm'); "
    monkeypatch.setattr(guard, "_COMMAND", (sys.executable, "-c", before + code))


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "import os; os.abort()",
        "sys.exit(3)",
        "pass",
        "raise MemoryError",
    ],
)
def test_a_crash_becomes_a_sentence_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], code: str
) -> None:
    path = write_nifti(tmp_path / "ct.nii", HU)
    _stand_in(monkeypatch, f"print('{PATIENT_NAME}', file=sys.stderr); {code}")
    with pytest.raises(ReadError, match=r"^IM0003\.dcm could not be opened: it is damaged, or needs more than"):
        read_volume(path)
    assert capfd.readouterr() == ("", "")


def test_endless_work_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nifti(tmp_path / "ct.nii", HU)
    _stand_in(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(ReadError, match=r"^IM0003\.dcm took longer than 1 s"):
        read_volume(path, limits=Limits(seconds=1))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits on processor time")
def test_endless_work_of_several_threads_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nifti(tmp_path / "ct.nii", HU)
    spin = "from core.imaging import guard; guard._restrict(guard.Limits(seconds=1)); any(iter(int, 1))"
    _stand_in(monkeypatch, spin)
    with pytest.raises(ReadError, match=r"^IM0003\.dcm took longer than 30 s"):
        read_volume(path, limits=Limits(seconds=30))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full disk that Linux offers for tests")
@pytest.mark.parametrize("name", ["voxels.npy", "answer.json"])
def test_a_full_disk_is_not_blamed_on_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = write_nifti(tmp_path / "ct.nii", HU)
    full = f"here = pathlib.Path(sys.argv[1]); (here / '{name}').symlink_to('/dev/full')"
    _stand_in(monkeypatch, f"{full}; from core.imaging import guard; guard._main(here)")
    with pytest.raises(ReadError, match=r"^ct\.nii could not be opened because the disk is full.*Free some space"):
        read_volume(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full disk that Linux offers for tests")
def test_a_disk_full_before_anything_starts_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "tmp"
    private.mkdir()
    (private / "request.json").symlink_to("/dev/full")
    monkeypatch.setattr(guard.tempfile, "TemporaryDirectory", lambda **_: contextlib.nullcontext(str(private)))
    with pytest.raises(ReadError, match=r"^ct\.nii could not be opened because the disk is full"):
        read_volume(write_nifti(tmp_path / "ct.nii", HU))


def test_a_surprise_is_told_without_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nifti(tmp_path / "ct.nii", HU)
    fails = f"def decode(*_): raise KeyError('{PATIENT_NAME}')"
    monkeypatch.setattr(
        guard,
        "_COMMAND",
        (
            sys.executable,
            "-c",
            f"import sys, pathlib; from core.imaging import guard\n{fails}\nguard.decode = decode\n"
            "guard._main(pathlib.Path(sys.argv[1]))",
        ),
    )
    with pytest.raises(ReadError, match=r"ct\.nii could not be opened: .*\(KeyError in ") as caught:
        read_volume(path)
    assert "Hofmann" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits on memory")
def test_memory_beyond_the_limit_becomes_a_sentence(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "ct.nii", HU, dim=(3, 20000, 20000, 1, 1, 1, 1, 1))
    with pytest.raises(ReadError, match=r"ct\.nii needs more than 629\.1 MB of memory"):
        read_volume(path, limits=Limits(memory_bytes=600 << 20))


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "tmp"
    private.mkdir()
    monkeypatch.setattr(guard.tempfile, "tempdir", str(private))
    read_volume(write_nifti(tmp_path / "ct.nii", HU))
    assert not list(private.iterdir())


def _seeds(folder: Path) -> list[Path]:
    image = SimpleITK.GetImageFromArray(HU)
    image.SetSpacing((0.8, 0.75, 2.5))
    for name in ("a.mha", "b.nrrd", "c.nii"):
        SimpleITK.WriteImage(image, str(folder / name), useCompression=name == "b.nrrd")
    (folder / "d.nii.gz").write_bytes(gzip.compress((folder / "c.nii").read_bytes()))
    Image.fromarray(HU[0].astype(np.uint8)).save(folder / "e.png")
    dicom = write_series(folder / "dicom", HU[:1])[0]
    compress(dicom, folder / "f.dcm", "JPEG")
    return [*sorted(p for p in folder.iterdir() if p.is_file()), dicom]


def _mutated(data: bytes, chance: np.random.Generator) -> bytes:
    changed = np.frombuffer(data, np.uint8).copy()
    reach = min(len(changed), int(chance.choice([120, 600, len(changed)])))
    for place in chance.integers(0, reach, int(chance.integers(1, 6))):
        changed[place] = chance.choice([0, 255, 127, chance.integers(256)])
    return changed[: len(changed) if chance.random() < 0.7 else int(chance.integers(1, len(changed)))].tobytes()


def _outcome(path: Path) -> Volume | LobuleError:
    try:
        return read_volume(path, limits=Limits(seconds=20))
    except LobuleError as error:
        return error


@pytest.mark.parametrize("number", range(7))
def test_no_mutated_file_gets_past_the_guard(tmp_path: Path, number: int) -> None:
    original = _seeds(tmp_path)[number]
    data, chance = original.read_bytes(), np.random.default_rng(number)
    for n in range(6):
        path = tmp_path / f"mutated{n}{''.join(original.suffixes)}"
        path.write_bytes(_mutated(data, chance))
        outcome = _outcome(path)
        if isinstance(outcome, LobuleError):
            text = str(outcome)
            assert text.endswith(".")
            assert str(tmp_path) not in text
            assert "Hofmann" not in text
        else:
            voxels: npt.NDArray[np.int16] = outcome.hu
            assert voxels.size > 0
