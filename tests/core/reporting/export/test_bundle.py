import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from core.errors import WriteError
from core.imaging.grid import Grid
from core.imaging.reading import read_mask, read_volume
from core.imaging.volume import Mask, Source, Volume
from core.imaging.writing import write_mask
from core.reporting.export.bundle import everything, exported, save
from core.reporting.export.kinds import NAMES_PATIENT, Kind
from core.reporting.quantify import quantify
from core.reporting.segmented import Segmented
from tests.core.reporting.export.dicom import DIRECTIONS, Written, written

SHAPE = (6, 11, 15)
GRID = Grid.from_geometry(SHAPE, (3.0, 0.5, 2.0), origin=(-40.0, 12.0, 300.0))
PATIENT = ("hofmann", "wilhelmine", "krk-4711", "krk4711", "19310412", "1931-04-12")
PLAIN = [kind for kind in Kind if kind not in NAMES_PATIENT]


def small(grid: Grid = GRID) -> Segmented:
    """Return a liver, and two tumours of 6 and 2 voxels on slices 2 and 3 of the file's own order."""
    hu = np.random.default_rng(8).integers(-200, 300, SHAPE).astype(np.int16)
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:4, 2:9, 3:12] = 1
    labels[2, 3:5, 4:7] = 2
    labels[1:3, 7, 10] = 2
    return Segmented.of_mask(Volume(hu, grid, Source("Hofmann.nii", "NIfTI", grid)), Mask(labels, grid))


def only(files: dict[str, bytes]) -> bytes:
    (data,) = files.values()
    return data


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


@pytest.mark.parametrize("reverse", [False, True], ids=["rising", "falling"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", [Kind.NIFTI, Kind.NRRD])
def test_a_label_map_comes_back_where_and_as_it_was(tmp_path: Path, kind: Kind, direction: str, reverse: bool) -> None:
    made = written(tmp_path / "ct", direction, reverse)
    ((name, data),) = exported(made.segmented, kind).items()
    (tmp_path / name).write_bytes(data)

    back = read_mask(tmp_path / name, made.volume)

    assert np.array_equal(back.voxels, made.segmented.mask.voxels)
    image = SimpleITK.ReadImage(str(tmp_path / name))
    apart = [
        np.subtract(image.TransformIndexToPhysicalPoint(index[::-1]), made.volume.source.grid.to_world(index))
        for index in ((0, 0, 0), tuple(n - 1 for n in made.volume.source.grid.shape))
    ]
    assert np.abs(apart).max() <= 1e-3


def test_the_table_holds_what_was_measured() -> None:
    made = small()
    lines = list(csv.DictReader(io.StringIO(only(exported(made, Kind.CSV)).decode("utf-8-sig"))))

    assert [(line["name"], line["lesion"], line["voxels"]) for line in lines] == [
        ("liver", "", str(3 * 7 * 9 - 8)),
        ("tumour", "", "8"),
        ("tumour", "1", "6"),
        ("tumour", "2", "2"),
    ]
    measured = quantify(made.volume, made.mask).lesions[0]
    assert lines[2]["volume_ml"] == "0.0180"
    assert lines[2]["diameter_slice"] == lines[2]["first_slice"] == "3"
    assert float(lines[2]["mean_hu"]) == pytest.approx(measured.density.mean, abs=1e-4)
    assert float(lines[1]["tumour_burden_percent"]) == pytest.approx(100 * 8 / 189, abs=1e-4)
    assert lines[0]["to_liver_surface_mm"] == ""


def test_a_name_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    made = small()
    evil = Segmented.of_mask(made.volume, Mask(made.mask.voxels, GRID, names={2: "=1+1"}))

    lines = list(csv.DictReader(io.StringIO(only(exported(evil, Kind.CSV)).decode("utf-8-sig"))))

    assert lines[1]["name"] == "'=1+1"


def test_coco_boxes_and_runs_say_where_each_lesion_is() -> None:
    record = json.loads(only(exported(small(), Kind.COCO)))

    tumours = [a for a in record["annotations"] if a["category_id"] == 2]
    assert [(a["image_id"], a["lesion"], a["bbox"], a["area"]) for a in tumours] == [
        (2, 2, [10, 7, 1, 1], 1),
        (3, 1, [4, 3, 3, 2], 6),
        (3, 2, [10, 7, 1, 1], 1),
    ]
    # columns of 11 rows: 4 whole ones and 3 rows before the first, 2 of each column, 9 between
    assert tumours[1]["segmentation"] == {"size": [11, 15], "counts": [47, 2, 9, 2, 9, 2, 94]}
    assert [image["file_name"] for image in record["images"]] == [f"ct/slice{n:04d}.png" for n in (2, 3, 4)]
    assert [category["name"] for category in record["categories"]] == ["liver", "tumour"]


def test_the_runs_of_a_mask_that_fills_the_first_pixel_begin_with_no_background() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 0, 0] = labels[1, -1, -1] = 5
    made = Segmented.of_mask(small().volume, Mask(labels, GRID))

    counts = [a["segmentation"]["counts"] for a in json.loads(only(exported(made, Kind.COCO)))["annotations"]]

    assert counts == [[0, 1, 164], [164, 1]]


def test_pictures_hold_the_slices_and_the_values() -> None:
    made = small()
    files = exported(made, Kind.PNG)

    assert sorted(files) == [f"{part}/slice{n:04d}.png" for part in ("ct", "mask", "overlay") for n in (2, 3, 4)]
    mask = Image.open(io.BytesIO(files["mask/slice0003.png"]))
    assert np.array_equal(np.asarray(mask), made.mask.voxels[2])
    assert mask.convert("RGB").getpixel((4, 3)) == (255, 96, 64)
    grey = np.asarray(Image.open(io.BytesIO(files["ct/slice0003.png"])))
    assert grey[0, 0] == np.clip(np.rint((float(made.volume.hu[2, 0, 0]) + 160) * 255 / 400), 0, 255)


def test_there_is_a_surface_for_each_label() -> None:
    assert list(exported(small(), Kind.STL)) == [f"{small().name}-1-liver.stl", f"{small().name}-2-tumour.stl"]


def test_everything_goes_into_one_zip_which_is_the_same_each_time(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")

    data, left_out = everything(made.segmented, made.folder)

    files = unzipped(data)
    assert left_out == {}
    ends = (
        ".nii.gz",
        ".seg.nrrd",
        "-seg.dcm",
        "-rtstruct.dcm",
        ".stl",
        ".obj",
        "-quantities.csv",
        "-coco.json",
        ".png",
    )
    assert all(any(name.endswith(end) for name in files) for end in ends)
    assert everything(made.segmented, None, PLAIN)[0] == everything(made.segmented, None, PLAIN)[0]


def test_what_cannot_be_made_is_left_out_and_said() -> None:
    data, left_out = everything(small())

    assert set(left_out) == set(NAMES_PATIENT)
    assert "opened from NIfTI" in left_out[Kind.DICOMSEG]
    assert "Not in here:\n  dicomseg: This CT was opened from NIfTI" in unzipped(data)["README.txt"].decode()


def test_nothing_but_dicom_names_the_patient(tmp_path: Path) -> None:
    made = written(tmp_path / "ct", SeriesDescription="Hofmann Wilhelmine Abdomen")

    with_dicom = unzipped(everything(made.segmented, made.folder)[0])
    files = {name: data for name, data in with_dicom.items() if not name.endswith(".dcm")}

    assert len(files) > 20
    for name, data in files.items():
        said = (name.encode() + (gzip.decompress(data) if name.endswith(".gz") else data)).lower()
        assert not [word for word in PATIENT if word.encode() in said], name
    assert b"Hofmann" in with_dicom[f"{made.segmented.name}-seg.dcm"]  # the test can see a name
    assert not [name for name in with_dicom if "hofmann" in name.lower()]


def test_a_file_name_of_the_users_is_in_no_export() -> None:
    data, _ = everything(small())

    assert not [name for name, content in unzipped(data).items() if b"hofmann" in content.lower()]


def test_a_zip_without_dicom_does_not_say_that_it_names_the_patient() -> None:
    data, left_out = everything(small(), kinds=[Kind.CSV, Kind.COCO])
    assert left_out == {}
    assert "name the patient" not in unzipped(data)["README.txt"].decode()


def test_without_the_source_nothing_of_the_patient_can_get_in(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")

    data, left_out = everything(made.segmented)

    assert not [name for name in unzipped(data) if name.endswith(".dcm")]
    assert "Give the folder" in left_out[Kind.RTSTRUCT]


def test_an_empty_mask_is_refused() -> None:
    empty = Segmented.of_mask(small().volume, Mask(np.zeros(SHAPE, np.uint8), GRID))

    for kind in PLAIN:
        with pytest.raises(WriteError, match="The mask is empty"):
            exported(empty, kind)


def test_an_export_appears_whole_and_says_why_not(tmp_path: Path) -> None:
    assert save(b"all of it", tmp_path / "out.zip", "The export").read_bytes() == b"all of it"
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]
    with pytest.raises(WriteError, match="does not exist"):
        save(b"", tmp_path / "missing" / "out.zip", "The export")


def test_a_mask_file_keeps_its_names(tmp_path: Path) -> None:
    made: Written = written(tmp_path / "ct")
    write_mask(made.segmented.mask, made.volume, tmp_path / "mask.seg.nrrd", made.segmented.held)

    read = Segmented.of_mask(made.volume, read_mask(tmp_path / "mask.seg.nrrd", read_volume(tmp_path / "ct")))

    assert [label.name for label in read.held] == ["liver", "tumour", "囊肿 cyst"]
