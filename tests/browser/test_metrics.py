"""From two masks to their score, their errors, and a report that is right without a network."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from playwright.sync_api import Browser, Locator, expect

from core.imaging.matching import resampled_on
from core.imaging.reading import read_labels
from core.scoring.scorecard import LabelScore, Scorecard, score
from core.segmentation.prompt import Box
from tests.browser.reader import Reader

Triple = tuple[float, float, float]
LIVER, TUMOUR = 1, 2


def write(path: Path, size: tuple[int, int, int], spacing: Triple, origin: Triple, shift: Triple) -> Path:
    """Save a liver with a tumour, all in ``(x, y, z)`` mm: the same places on whatever grid."""
    image = SimpleITK.Image(size, SimpleITK.sitkUInt8)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    z, y, x = np.indices(size[::-1])
    place = [o + s * index - d for o, s, index, d in zip(origin, spacing, (x, y, z), shift, strict=True)]
    labels = np.zeros(size[::-1], np.uint8)
    for value, middle, radii in ((LIVER, (30, 28, 35), (24, 19, 27)), (TUMOUR, (36, 30, 38), (9, 8, 10))):
        labels[sum(((p - m) / r) ** 2 for p, m, r in zip(place, middle, radii, strict=True)) <= 1] = value
    filled = SimpleITK.GetImageFromArray(labels)
    filled.CopyInformation(image)
    SimpleITK.WriteImage(filled, str(path))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    predicted = write(folder / "mine.nrrd", (71, 52, 24), (0.9, 1.1, 3.1), (-2, 1, 0.5), (1.5, -1, 2))
    return predicted, write(folder / "truth.nii.gz", (64, 76, 30), (1.0, 0.8, 2.5), (0, 0, 0), (0, 0, 0))


@pytest.fixture(scope="module")
def card(files: tuple[Path, Path]) -> Scorecard:
    predicted, reference = (read_labels(path) for path in files)
    return score(resampled_on(predicted, reference.grid, "the prediction", "the reference"), reference)


def figures(label: LabelScore) -> dict[str, str]:
    """What must stand on the page and in the report, written out here."""
    of = label.figures
    return {
        "Dice (F1)": f"{of['dice']:.3f}",
        "Precision": f"{of['precision']:.3f}",
        "HD95": f"{of['hd95_mm']:.2f} mm",
        "ASSD": f"{of['assd_mm']:.2f} mm",
        "Volume difference": f"{of['volume_difference_ml']:.2f} ml".replace("-", "−"),
    }


def go_to_metrics(reader: Reader) -> None:
    reader.page.get_by_role("link", name="Metrics", exact=True).click()
    expect(reader.page.get_by_text("CT underneath")).to_be_visible()


def upload(reader: Reader, key: str, path: Path) -> None:
    """Give a file, and do not wait until it is read: a reader in a hurry does not either."""
    reader.page.locator(f"[class*='st-key-{key}'] input[type=file]").set_input_files(str(path))
    expect(reader.page.locator(".st-key-desk").get_by_text(path.name).first).to_be_visible()


def tile(reader: Reader, name: str) -> Locator:
    return reader.page.get_by_test_id("stMetric").filter(has_text=name).get_by_test_id("stMetricValue")


def score_two_grids(reader: Reader, files: tuple[Path, Path]) -> None:
    go_to_metrics(reader)
    upload(reader, "predicted_", files[0])
    upload(reader, "reference_file_", files[1])
    reader.button("Resample and score").click()
    expect(tile(reader, "Dice (F1)")).to_be_visible()


def test_two_grids_are_shown_resampled_by_consent_scored_and_reported(
    reader: Reader, browser: Browser, files: tuple[Path, Path], card: Scorecard, tmp_path: Path
) -> None:
    page = reader.page
    go_to_metrics(reader)
    upload(reader, "predicted_", files[0])
    upload(reader, "reference_file_", files[1])
    size = page.locator("tr", has_text="Size")
    for text in ("71 × 52 × 24", "64 × 76 × 30"):
        shown = size.get_by_text(text)
        red, green, blue = map(int, re.findall(r"\d+", shown.evaluate("cell => getComputedStyle(cell).color"))[:3])
        assert red > green + 60, f"{text} is rgb({red}, {green}, {blue})"
        assert red > blue + 60
    expect(page.get_by_text("would be resampled")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)

    reader.button("Resample and score").click()
    for label in card.labels:
        page.get_by_role("radio", name=label.name.title()).click()
        for name, text in figures(label).items():
            expect(tile(reader, name).first).to_have_text(text)

    report = downloaded(reader, "Report (one HTML file)", tmp_path)
    with browser.new_context(offline=True) as context:
        alone = context.new_page()
        alone.goto(report.as_uri())
        for label in card.labels:
            section = alone.locator(f"#label{label.value}")
            for name, text in figures(label).items():
                row = section.locator(
                    "table.narrow tr", has=alone.locator("td", has_text=re.compile(f"^{re.escape(name)}"))
                )
                expect(row.first).to_contain_text(text.split()[0])
            expect(section.locator("figure img").first).to_be_visible()


def downloaded(reader: Reader, title: str, folder: Path) -> Path:
    reader.page.get_by_role("button", name="Download", exact=True).click()
    with reader.page.expect_download() as download:
        reader.button(title).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_figures_come_as_csv(reader: Reader, files: tuple[Path, Path], card: Scorecard, tmp_path: Path) -> None:
    score_two_grids(reader, files)
    path = downloaded(reader, "Figures as CSV", tmp_path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = {int(row["label"]): row for row in csv.DictReader(file)}
    for label in card.labels:
        assert float(rows[label.value]["dice"]) == pytest.approx(label.figures["dice"])
        assert float(rows[label.value]["hd95_mm"]) == pytest.approx(label.figures["hd95_mm"])


def test_a_wrong_file_is_refused_and_nothing_is_lost(reader: Reader, files: tuple[Path, Path], tmp_path: Path) -> None:
    score_two_grids(reader, files)
    reader.button("Compare others").click()
    wrong = tmp_path / "letter.nii.gz"
    wrong.write_bytes(b"Dear colleague")
    reader.page.locator(".st-key-held_prediction").get_by_role("button").first.click()
    reader.page.locator("[class*='st-key-predicted_'] input[type=file]").set_input_files(str(wrong))
    expect(reader.page.get_by_text("letter.nii.gz").first).to_be_visible()
    expect(reader.page.get_by_text("The file before it is still here.")).to_be_visible()
    expect(tile(reader, "Dice (F1)")).to_be_visible()
    expect(reader.button("Resample and score")).to_be_enabled()


def test_a_click_on_the_curve_shows_that_slice(reader: Reader, files: tuple[Path, Path]) -> None:
    score_two_grids(reader, files)
    steps = reader.page.locator(".st-key-steps")
    point = reader.page.locator(".st-key-curve .scatterlayer .point").first
    point.scroll_into_view_if_needed()
    before = steps.inner_text()
    place = point.bounding_box()
    assert place is not None
    at = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    reader.page.mouse.move(at[0] - 30, at[1])
    reader.page.mouse.move(*at, steps=5)
    reader.page.wait_for_timeout(300)  # plotly finds the point under the pointer
    reader.page.mouse.click(*at)
    expect(steps).not_to_have_text(before)
    mark = reader.page.locator(".slice-mark")
    expect(mark).to_have_count(1)
    for _ in range(100):
        over, now = mark.bounding_box(), point.bounding_box()
        if over and now and (away := abs(over["x"] + over["width"] / 2 - now["x"] - now["width"] / 2)) < 4:
            break
        reader.page.wait_for_timeout(100)
    assert away < 4, "the mark lies on the point clicked"


def test_a_step_shows_the_next_slice(reader: Reader, files: tuple[Path, Path]) -> None:
    score_two_grids(reader, files)
    steps = reader.page.locator(".st-key-steps")
    number = int(re.findall(r"Slice (\d+)", steps.inner_text())[0])
    reader.page.locator(".st-key-slice_on button").first.click()
    expect(steps).to_contain_text(f"Slice {number + 1}")
    reader.page.locator(".st-key-slice_back button").first.click()
    expect(steps).to_contain_text(f"Slice {number}")


def test_the_surface_turns_in_the_browser_and_has_a_legend(reader: Reader, files: tuple[Path, Path]) -> None:
    score_two_grids(reader, files)
    reader.page.get_by_role("radio", name="3-D surface").click()
    expect(reader.page.locator(".gl-container canvas").first).to_be_visible()
    expect(reader.page.get_by_text("too small").first).to_be_visible()
    expect(reader.page.get_by_text("+5 mm")).to_be_visible()


def test_a_readers_masks_are_scored_and_their_errors_shown(reader: Reader) -> None:
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(78)
    reader.draw(Box(3, 52, 27, 92), (128, 128))
    go_to_metrics(reader)
    reader.button("Score my masks").click()
    expect(tile(reader, "Precision")).to_contain_text("0.9")
    expect(tile(reader, "HD95")).to_contain_text("undefined")
    expect(reader.page.get_by_text("made up", exact=True).first).to_be_visible()
    expect(reader.page.locator(".st-key-metrics_picture img")).to_be_visible()
    expect(reader.page.locator(".js-plotly-plot")).to_be_visible()
    reader.page.get_by_role("link", name="Annotate").click()
    expect(reader.objects).to_have_count(1)
