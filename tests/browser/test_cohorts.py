"""Many cases and several readers, from the files to the figures and back to files."""

import csv
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.imaging.reading import read_labels
from core.scoring.batch import Row, score_all
from core.scoring.cohort import three_dice
from core.scoring.folders import pairs
from core.scoring.ranking import figure_of, worst_first
from tests.browser.reader import Reader
from tests.core.scoring.files import write_labels

CASES = (("case1", 4), ("case2", 5), ("case3", 6), ("case4", 2))
TUMOUR = 2
MINE, TRUTH = "cohort_prediction_files", "cohort_reference_files"


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as pack:
        for file in sorted(folder.iterdir()):
            pack.write(file, f"{folder.name}/{file.name}")
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four predictions, of which one is broken and one has no reference."""
    root = tmp_path_factory.mktemp("cohort")
    for case, rows in CASES:
        write_labels(root / "mine" / f"{case}.nii.gz", (1, slice(0, 11)), (TUMOUR, slice(2, 2 + rows)))
        if case != "case4":
            write_labels(root / "truth" / f"{case}.nii.gz", (1, slice(0, 10)), (TUMOUR, slice(2, 8)))
    broken = root / "mine" / "case3.nii.gz"
    broken.write_bytes(broken.read_bytes()[:-20])
    return root


@pytest.fixture(scope="module")
def rows(folders: Path) -> list[Row]:
    return list(score_all(pairs(folders / "mine", folders / "truth")))


def metrics(reader: Reader, mode: str) -> Page:
    expect(reader.page.get_by_text("Try a sample")).to_be_visible()
    reader.page.get_by_role("link", name="Metrics").click()
    reader.page.get_by_role("radio", name=mode).click()
    return reader.page


def send(page: Page, key: str, *files: Path) -> None:
    """Upload files once the page stands still, as it does for everybody slower than a millisecond."""
    expect(page.locator(f".st-key-{key}")).to_be_visible()
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(300)
    page.locator(f".st-key-{key} input[type=file]").set_input_files([str(file) for file in files])
    expect(page.locator(f".st-key-{key}")).to_contain_text(files[-1].name)


def cell(page: Page, row: int) -> tuple[float, float]:
    """Return the middle of the first cell of a row of the table of cases; 0 is the first case."""
    table = page.locator(".st-key-cohort_table canvas").first
    table.scroll_into_view_if_needed()
    place = table.bounding_box()
    assert place is not None
    return place["x"] + 30, place["y"] + 35 * (row + 1) + 17


def tile(page: Page, title: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=title)


def taken(page: Page, title: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=title).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_many_cases_from_two_zips_to_a_report(reader: Reader, folders: Path, rows: list[Row], tmp_path: Path) -> None:
    page = metrics(reader, "Many cases")
    send(page, MINE, zipped(folders / "mine"))
    send(page, TRUTH, zipped(folders / "truth"))
    expect(page.get_by_text("3 cases match")).to_be_visible()
    expect(page.get_by_text("1 lacks a file")).to_be_visible()
    page.get_by_role("button", name="Score 3 cases").click()
    expect(page.get_by_text("2 of 4 cases scored")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("2 failed")).to_be_visible()
    core = three_dice([row.card for row in rows if row.card], TUMOUR)
    for title, value in (("pooled", core.pooled), ("per case", core.per_case), ("per lesion", core.per_lesion)):
        expect(tile(page, title)).to_contain_text(f"{value:.3f}")

    order = [row.case for row in worst_first(rows, TUMOUR, "dice")]
    assert order == ["case3", "case4", "case1", "case2"]
    beside = page.locator(".st-key-cohort_case")
    expect(beside).to_contain_text("case3.nii.gz is damaged")
    at = cell(page, 2)
    page.wait_for_timeout(500)  # the table takes clicks once it has drawn itself
    page.mouse.click(*at)
    expect(beside).to_contain_text("case1")
    dice = next(figure_of(row, TUMOUR, "dice") for row in rows if row.case == "case1")
    expect(beside).to_contain_text(f"Dice (F1) {dice:.3f}")
    expect(beside.locator("img")).to_be_visible()
    x, y = cell(page, 0)
    assert _is_red(page, x + 300, y), "a failed case is a red row"
    assert not _is_red(page, x + 300, y + 3 * 35)

    page.get_by_role("button", name="Download", exact=True).click()
    table = list(csv.DictReader(io.StringIO(taken(page, "Figures as CSV", tmp_path).read_text("utf-8-sig"))))
    figures = {line["case"]: line["dice"] for line in table if line["label"] == str(TUMOUR)}
    assert float(figures["case1"]) == pytest.approx(2 * 4 / 10)
    assert float(figures["case2"]) == pytest.approx(2 * 5 / 11)
    report = taken(page, "Report", tmp_path)
    offline = page.context.new_page()
    offline.goto(report.as_uri())
    expect(offline.locator("body")).to_contain_text(f"{dice:.3f}")
    expect(offline.locator("body")).to_contain_text("case3.nii.gz is damaged")
    offline.close()


def _is_red(page: Page, x: float, y: float) -> bool:
    """Say whether what stands at a place of the screen is reddish."""
    from PIL import Image

    picture = page.screenshot(clip={"x": x, "y": y, "width": 4, "height": 4})
    red, green, blue = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).reshape(-1, 3).mean(axis=0)
    return bool(red > green + 30 and red > blue + 30)


def test_a_run_can_be_stopped_and_keeps_what_it_has(reader: Reader, tmp_path: Path) -> None:
    for case in range(12):
        for folder in ("mine", "truth"):
            write_labels(tmp_path / folder / f"case{case}.nii.gz", (TUMOUR, slice(2, 8)))
    page = metrics(reader, "Many cases")
    send(page, MINE, zipped(tmp_path / "mine"))
    send(page, TRUTH, zipped(tmp_path / "truth"))
    expect(page.get_by_text("12 cases match")).to_be_visible()
    page.get_by_role("button", name="Score 12 cases").click()
    expect(page.get_by_text(re.compile(r"Case [23] of 12 · case\d+ · about"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Stop").click()
    said = page.get_by_text(re.compile(r"stopped after \d+"))
    expect(said).to_be_visible()
    done = int(re.findall(r"stopped after (\d+)", said.inner_text())[0])
    assert 1 <= done < 12
    expect(page.get_by_text(f"{done} of {done} cases, worst")).to_be_visible()


def test_three_readers_of_one_ct(reader: Reader, tmp_path: Path) -> None:
    files = [
        write_labels(tmp_path / f"{name}.nii.gz", (TUMOUR, rows), turned=name == "Anna")
        for name, rows in (("Anna", slice(2, 6)), ("Bert", slice(3, 7)), ("Chris", slice(3, 8)))
    ]
    page = metrics(reader, "Several readers")
    send(page, "reader_labels", *files)
    page.get_by_role("button", name="Compare 3 readers").click()
    expect(tile(page, "Mean Dice")).to_contain_text(f"{(6 / 8 + 6 / 9 + 8 / 9) / 3:.3f}", timeout=60_000)
    matrix = page.locator(".st-key-reader_matrix")
    for dice in (6 / 8, 6 / 9, 8 / 9):
        expect(matrix.get_by_text(f"{dice:.3f}")).to_have_count(2)
    expect(page.get_by_text("1 of 3 differs")).to_be_visible()
    expect(page.locator("[data-testid=stImage] img")).to_be_visible()
    page.get_by_role("slider", name="Slice").focus()
    before = page.get_by_text(re.compile(r"Slice \d of 5\.")).inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(before)).to_have_count(0)
    page.get_by_role("button", name="Download the consensus").click()
    path = taken(page, "By majority", tmp_path)
    found = read_labels(path)
    assert np.flatnonzero((found.voxels == TUMOUR).any(axis=(0, 2))).tolist() == [3, 4, 5, 6]
    first = read_labels(files[0])
    assert found.grid.matches(first.grid)
