"""The command line as a user meets it: exit codes, one sentence for a mistake, a mask on the CT's own grid."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core import __main__ as cli
from core.imaging.reading import SeriesSummary, SeveralSeries
from core.imaging.samples import phantom
from core.imaging.volume import TUMOUR
from core.scoring.overlap import dice
from core.workspace import arguments

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "core", *arguments], capture_output=True, text=True, cwd=ROOT)


def mistake(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail, and return its one line on stderr."""
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def reversed_phantom(path: Path) -> Path:
    """The phantom as a file whose rows and columns run the other way (R-A-S)."""
    volume, _ = phantom()
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.hu[:, ::-1, ::-1]))
    image.SetSpacing(volume.grid.spacing[::-1])
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    SimpleITK.WriteImage(image, str(path))
    return path


def test_a_box_becomes_a_mask_on_the_files_own_grid(tmp_path: Path) -> None:
    ct = reversed_phantom(tmp_path / "ct.nii.gz")
    out = tmp_path / "tumour.nii.gz"
    box = ("--box", "25", "105", "39", "143", "83")
    done = run("segment", str(ct), *box, "-o", str(out))
    assert done.stderr == ""
    assert done.returncode == 0
    assert "slice 25: tumour" in done.stdout
    assert "mm²" in done.stdout
    assert "score 0." in done.stdout
    written, original = SimpleITK.ReadImage(str(out)), SimpleITK.ReadImage(str(ct))
    assert written.GetSize() == original.GetSize()
    assert written.GetSpacing() == pytest.approx(original.GetSpacing())
    assert written.GetDirection() == pytest.approx(original.GetDirection())
    labels = SimpleITK.GetArrayFromImage(written)[:, ::-1, ::-1]
    assert np.flatnonzero(labels.any(axis=(1, 2))).tolist() == [24]
    truth = phantom()[1].voxels[24] == TUMOUR
    assert dice(labels[24] == TUMOUR, truth) > 0.85


def test_info_answers_quickly_and_without_torch(tmp_path: Path) -> None:
    code = "import sys; from core.__main__ import main; main(['info', 'sample:phantom']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "False"


def test_info_names_size_spacing_orientation_and_range(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", str(reversed_phantom(tmp_path / "Doe_Jane.nrrd"))]) == 0
    printed = capsys.readouterr().out
    assert "48 × 224 × 288" in printed
    assert "4 × 1.25 × 1.2 mm" in printed
    assert "RAS" in printed
    assert "-1062 to 633, Hounsfield units" in printed
    assert "Jane" not in printed


def test_info_does_not_invent_millimetres(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", "sample:lits-117"]) == 0
    printed = capsys.readouterr().out
    assert "not known" in printed
    assert " mm\n" not in printed


def test_several_series_are_listed_with_their_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    thumbnail = np.zeros((2, 3), dtype=np.uint8)
    choices = tuple(
        SeriesSummary(key, name, "CT", n, (512, 400), (5.0, 0.8, 0.7), thumbnail)
        for key, name, n in (("a1", "arterial", 60), ("b2", "portal venous", 62))
    )

    def two_series(*_: object, **__: object) -> None:
        raise SeveralSeries(choices)

    monkeypatch.setattr(arguments, "read_volume", two_series)
    assert cli.main(["info", "folder"]) == 2
    printed = capsys.readouterr().err
    assert "--series a1  arterial, CT, 60 slices of 512 × 400" in printed
    assert "--series b2  portal venous" in printed


def test_models_lists_what_can_be_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    assert "litemedsam" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ("0 10 10 20 20", "There is no slice 0: this CT has slices 1 to 48"),
        ("49 10 10 20 20", "There is no slice 49"),
        ("5 300 10 320 20", "outside the slice of 224 rows and 288 columns"),
        ("5 20 10 10 20", "The box is empty"),
    ],
)
def test_a_box_that_is_not_on_the_ct_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], box: str, words: str
) -> None:
    out = tmp_path / "m.nii.gz"
    assert words in mistake(capsys, "segment", "sample:phantom", "--box", *box.split(), "-o", str(out))
    assert not out.exists()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--window", "40", "0"), "width of at least 1 HU, not 0"),
        (("--model", "no-such-model"), "no model named no-such-model"),
        (("-o", "mask.jpg"), "ends in"),
        (("-o", "nowhere/mask.nii"), "does not exist"),
        (("-o", "taken.nrrd"), "taken.nrrd is a folder"),
        (("-o", "mask.png"), "A PNG holds one slice, this CT has 48. Save the mask as .nii.gz or .nrrd."),
    ],
)
def test_any_other_mistake_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    extra: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.nrrd").mkdir()
    monkeypatch.setattr("core.segmentation.embeddings.segment_slice", None)  # nothing may be computed before
    box = ("--box", "5", "10", "10", "20", "20")
    assert words in mistake(capsys, "segment", "sample:phantom", *box, "-o", "m.nii", *extra)


@pytest.mark.parametrize("numbers", [("nan", "400"), ("40", "inf"), ("1e999", "400"), ("forty", "400")])
def test_a_window_of_no_numbers_is_refused_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], numbers: tuple[str, str]
) -> None:
    monkeypatch.setattr(cli, "open_ct", None)
    box = ("--box", "5", "10", "10", "20", "20")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["segment", "sample:phantom", *box, "--window", *numbers, "-o", "m.nii"])
    assert stopped.value.code == 2
    assert "is not a number of HU" in capsys.readouterr().err


def test_the_ct_itself_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ct = reversed_phantom(tmp_path / "ct.nrrd")
    before = ct.read_bytes()
    box = ("--box", "5", "10", "10", "20", "20")
    assert "is the CT itself" in mistake(capsys, "segment", str(ct), *box, "-o", str(tmp_path / "." / "ct.nrrd"))
    assert ct.read_bytes() == before


def test_another_file_of_that_name_is_replaced_as_the_help_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m.nii"
    out.write_bytes(b"an older mask")
    assert cli.main(["segment", "sample:phantom", "--box", "25", "105", "39", "143", "83", "-o", str(out)]) == 0
    assert SimpleITK.ReadImage(str(out)).GetSize() == (288, 224, 48)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        cli.main(["segment", "--help"])
    assert "an existing file is replaced" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("ct", ["no_such_file.nii.gz", "sample:no-such-sample", "pyproject.toml"])
def test_what_is_no_ct_is_answered_without_a_traceback(ct: str) -> None:
    done = run("info", ct)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("text", "value"), [("tumour", 2), ("Liver", 1), ("7", 7), ("255", 255)])
def test_a_label_is_a_name_or_a_number(text: str, value: int) -> None:
    assert arguments.label_value(text) == value


@pytest.mark.parametrize("text", ["0", "256", "spleen", "-1"])
def test_another_label_is_refused_with_the_names_there_are(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["segment", "sample:phantom", "--box", "1", "1", "1", "2", "2", f"--label={text}", "-o", "m.nii"])
    assert stopped.value.code == 2
    assert "neither liver nor tumour nor a number from 1 to 255" in capsys.readouterr().err


def test_help_shows_examples_that_run_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["segment", "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert "python -m core segment sample:phantom --box" in printed
    assert re.search(r"--series [0-9a-f]{10} ", printed), "as `info` lists them"
