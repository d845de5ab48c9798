"""The score command as a user meets it: pairs, folders and zips, and the files that it writes."""

import csv
import json
import math
import re
import zipfile
from pathlib import Path

import pytest
import SimpleITK

from core import __main__ as cli
from core.imaging.samples import phantom
from tests.core.scoring.files import SPACING, Write


def test_a_pair_is_scored_label_by_label(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tumour rows 2 to 5 against 2 to 7: Dice 2 × 4 / (4 + 6). The files run in opposite directions."""
    predicted = write("p.nii.gz", (2, slice(2, 6)), turned=True)
    reference = write("r.nrrd", (2, slice(2, 8)), (1, slice(9, 11)))
    out = tmp_path / "scores.json"
    assert cli.main(["score", str(predicted), str(reference), "--nsd-mm", "1", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "tumour (label 2)" in printed
    assert "surface Dice at 1 mm" in printed
    assert re.search(r"HD95 +none: missed \(counts as \d\d\.\d\d mm\)\n", printed)
    assert "missed: slice 3, 1.08 ml" in printed  # 36 voxels of 0.03 ml
    (case,) = json.loads(out.read_text())["cases"]
    liver, tumour = case["labels"]
    assert tumour["figures"]["dice"] == pytest.approx(0.8)
    assert tumour["figures"]["chaos_mssd_mm"] == pytest.approx(6)
    assert [s["slice"] for s in tumour["slices"]] == [2, 3, 4]
    assert liver["figures"]["hd_mm"] is None
    assert "hd_mm" in liver["infinite"]
    assert "precision" in liver["undefined"]


def test_one_label_gets_the_name_it_is_given(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write("m.nii.gz", (2, slice(2, 6)), (7, slice(7, 9)))
    assert cli.main(["score", str(mask), str(mask), "--label", "7=cyst"]) == 0
    printed = capsys.readouterr().out
    assert "cyst (label 7)" in printed
    assert "tumour" not in printed


def test_a_label_keeps_the_name_of_the_file_unless_it_is_given_one(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = SimpleITK.ReadImage(str(write("m.nrrd", (2, slice(2, 6)))))
    for key, value in (("Name", "metastasis"), ("LabelValue", "2"), ("Layer", "0")):
        image.SetMetaData(f"Segment0_{key}", value)
    named = tmp_path / "named.seg.nrrd"
    SimpleITK.WriteImage(image, str(named))
    assert cli.main(["score", str(named), str(named), "--label", "2"]) == 0
    assert "metastasis (label 2)" in capsys.readouterr().out
    assert cli.main(["score", str(named), str(named), "--label", "2=cyst"]) == 0
    assert "cyst (label 2)" in capsys.readouterr().out


def test_folders_are_matched_by_name_and_a_failed_case_is_a_row(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for case, rows in (("a", slice(2, 6)), ("b", slice(2, 8)), ("c", slice(2, 8))):
        write(f"p/{case}.nii.gz", (2, rows), spacing=(6.0, 3.0, 2.0) if case == "c" else SPACING)
        write(f"r/{case}.nrrd", (2, slice(2, 8)))
    write("r/d.nrrd", (2, slice(2, 8)))
    (tmp_path / "p" / "e.nii").write_text("no image")
    write("r/e.nrrd", (2, slice(2, 8)))
    table, everything = tmp_path / "scores.csv", tmp_path / "scores.json"
    folders = [str(tmp_path / "p"), str(tmp_path / "r")]
    assert cli.main(["score", *folders, "--csv", str(table), "--json", str(everything)]) == 1
    printed = capsys.readouterr().out
    assert "2 of 5 cases scored" in printed
    assert "mean per case 0.9 (n = 2), mean per lesion 0.9 (2 lesions)" in printed
    assert "nfinite" not in printed
    assert "c: FAILED: The prediction lies on another grid than the reference. Its voxels measure 6 ×" in printed
    assert "d: FAILED: d has a reference and no prediction" in printed
    with table.open(encoding="utf-8-sig") as file:
        lines = {line["case"]: line for line in csv.DictReader(file)}
    assert list(lines) == ["a", "b", "c", "d", "e"]
    assert float(lines["a"]["dice"]) == pytest.approx(0.8)
    assert lines["b"]["hd95_mm"] == "0.0"
    assert "e.nii" in lines["e"]["problem"]
    found = json.loads(everything.read_text())
    assert [case["case"] for case in found["failed"]] == ["c", "d", "e"]
    (tumour,) = found["cohort"]
    assert tumour["figures"]["dice"]["defined"]["mean"] == pytest.approx(0.9)
    assert tumour["three_dice"]["pooled"] == pytest.approx(2 * 10 / (10 + 12))
    assert found["definitions"]["hd95_mm"]["unit"] == "mm"


def test_labels_are_laid_on_a_ct(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume, mask = phantom()
    for name, array in (("ct", volume.hu), ("labels", mask.voxels)):
        image = SimpleITK.GetImageFromArray(array)
        image.SetSpacing(volume.grid.spacing[::-1])
        SimpleITK.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    labels = str(tmp_path / "labels.nii.gz")
    assert cli.main(["score", labels, labels, "--ct", str(tmp_path / "ct.nii.gz"), "--label", "tumour"]) == 0
    assert "Dice (F1)                         1\n" in capsys.readouterr().out


def test_zips_of_masks_are_scored_as_folders_are(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packs = []
    for folder in cohort:
        packs.append(tmp_path / f"{Path(folder).name}.zip")
        with zipfile.ZipFile(packs[-1], "w") as pack:
            for file in Path(folder).iterdir():
                pack.write(file, f"labels/{file.name}")
    assert cli.main(["score", *map(str, packs)]) == 1
    zipped = capsys.readouterr().out
    assert cli.main(["score", *cohort]) == 1
    assert zipped == capsys.readouterr().out
    assert "3 of 4 cases scored" in zipped


def test_other_tools_stand_beside_ours(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows 6 and 7 of 3 mm are missed: 6 mm to MONAI's voxels, in `a`."""
    table = tmp_path / "scores.csv"
    tools = ["--as", "monai", "--as", "surface-distance"]
    assert cli.main(["score", *cohort, *tools, "--csv", str(table)]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"HD95 \S+ mm, HD95, as MONAI 6 mm, HD95, as surface-distance 6 mm", printed)
    with table.open(encoding="utf-8-sig") as file:
        line = next(csv.DictReader(file))
    names = list(line)
    assert names[names.index("hd_mm") :][:3] == ["hd_mm", "monai_hd_mm", "surfel_hd_mm"]
    assert line["monai_hd_mm"] == "6.0"
    pair = [str(Path(folder) / name) for folder, name in zip(cohort, ("a.nii.gz", "a.nrrd"), strict=True)]
    assert cli.main(["score", *pair, *tools]) == 0
    assert re.search(r"HD95 .*\n  HD95, as MONAI +6 mm\n  HD95, as surface-distance +6 mm\n", capsys.readouterr().out)


def test_the_report_is_written_and_names_both_sources(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "scores.html"
    assert cli.main(["score", *cohort, "--html", str(page)]) == 1
    text = page.read_text("utf-8")
    assert "<title>p against r · Lobule</title>" in text
    assert text.count("data:image/jpeg;base64,") == 3
    pair = [str(Path(folder) / name) for folder, name in zip(cohort, ("b.nii.gz", "b.nrrd"), strict=True)]
    assert cli.main(["score", pair[0], pair[0], "--html", str(page)]) == 0
    assert "<h1>p/b.nii.gz against p/b.nii.gz</h1>" in page.read_text("utf-8")


def test_other_percentiles_of_the_distance_stand_beside_ours_everywhere(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, table, page = (tmp_path / f"scores.{ending}" for ending in ("json", "csv", "html"))
    extra = ["--percentile", "90", "--percentile", "97.5", "--percentile", "95", "--as", "monai"]
    files = ["--csv", str(table), "--json", str(out), "--html", str(page)]
    assert cli.main(["score", *cohort, *extra, *files]) == 1
    assert "HD90" in capsys.readouterr().out
    with table.open(encoding="utf-8-sig") as file:
        line = next(csv.DictReader(file))
    names = list(line)
    assert names[names.index("hd95_mm") :][:3] == ["hd95_mm", "hd90_mm", "hd97.5_mm"]
    found = json.loads(out.read_text("utf-8"))
    assert found["definitions"]["monai_hd90_mm"]["name"] == "HD90, as MONAI"
    assert found["definitions"]["hd97.5_mm"]["formula"] == "max(P97.5 d(P→R), P97.5 d(R→P))"
    assert {"hd90_mm", "monai_hd97.5_mm"} <= found["cohort"][0]["figures"].keys()
    (missed,) = (case["labels"][0] for case in found["cases"] if case["case"] == "c")
    assert {"hd90_mm", "monai_hd90_mm"} <= set(missed["infinite"])
    text = page.read_text("utf-8")
    assert '<th scope="col" class="n">HD90, mm</th>' in text
    assert "HD97.5, as MONAI, mm" in text


def test_a_distance_that_is_none_says_why_and_is_counted(
    cohort: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["score", *cohort]) == 1
    printed = capsys.readouterr().out
    diagonal = math.hypot(5 * 5, 12 * 3, 14 * 2)
    assert f"HD95 none: missed (counts as {diagonal:.2f} mm)" in printed
    assert re.search(r"HD95 +mean .*; n = 2, 1 none\n +none as the diagonal +mean .*; n = 3\n", printed)
    pair = [str(Path(folder) / name) for folder, name in zip(cohort, ("c.nii.gz", "c.nrrd"), strict=True)]
    assert cli.main(["score", *pair[::-1]]) == 0
    assert f"none: made up (counts as {diagonal:.2f} mm)" in capsys.readouterr().out
