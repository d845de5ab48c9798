"""The report as a reader finds it: its figures, its order, and that nothing in it comes from elsewhere."""

import re

import pytest

from core.reporting.plots import boxes
from core.reporting.scores import report
from core.scoring.batch import Row
from core.scoring.definitions import CARDS, EMPTY_RULES, HUMAN_SOURCES
from core.version import VERSION
from tests.core.reporting.page import Page
from tests.core.reporting.rows import CREATED, NASTY, cohort, row


@pytest.fixture(scope="module")
def text() -> str:
    return report(cohort(), title="Model <A> against Dr. B", created=CREATED)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_it_says_what_was_compared_when_and_with_what(page: Page) -> None:
    assert "Model <A> against Dr. B 4 of 5 cases scored · 3 November 2026, 14:02 UTC · Lobule " + VERSION in page.text
    assert page.text.count("Not a medical device: research and teaching use.") == 2
    (versions,) = [line[1] for table in page.tables for line in table if line[0] == "Versions"]
    assert re.match(rf"Lobule {VERSION}, numpy \d", versions)
    assert "SimpleITK" in versions


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    loading = [
        (tag, attrs) for tag, attrs in page.tags
        if tag in ("link", "iframe", "object", "embed", "base", "form") or (tag != "a" and attrs.get("href"))
        or not (attrs.get("src") or "data:").startswith("data:")
    ]  # fmt: skip
    assert loading == []
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_no_name_becomes_part_of_the_page(text: str, page: Page) -> None:
    assert NASTY not in text
    assert "alert('case')</script>" not in text
    assert "<b>empty</b>" not in text
    assert NASTY in page.text
    scripts = [tag for tag, _ in page.tags if tag == "script"]
    plain = report([row("plain", "xx", "xx"), row("other", "x.", "xx")], title="x", created=CREATED)
    assert len(scripts) == sum(tag == "script" for tag, _ in Page(plain).tags)


def test_failed_cases_come_first(page: Page) -> None:
    assert page.tables[0] == [["broken", "broken.nii is <b>empty</b>."]]
    assert page.text.index("Not scored: 1 of 5") < page.text.index("Tumour (label 2)")


def test_the_three_dice_by_hand(page: Page) -> None:
    """Shared 4 + 3 voxels of 4 + 5 predicted and 4 + 3 + 5 in the references; cases 1, 3/4, 0.

    Lesions: 1, 6/7, and two missed ones.
    """
    assert f"Dice over all voxels {2 * 7 / (9 + 12):.3f}" in page.text
    assert f"Mean Dice per case {(1 + 0.75 + 0) / 3:.3f}" in page.text
    assert f"Mean Dice per lesion {(1 + 6 / 7 + 0 + 0) / 4:.3f}" in page.text
    assert "n = 3, 1 undefined. Each case counts once" in page.text
    assert "4 lesions. Each counts once" in page.text


def test_the_worst_case_comes_first_and_what_is_missed_is_said_in_words(page: Page) -> None:
    cases = page.table("Case", "Dice", "IoU")
    assert [line[:2] for line in cases] == [
        ["missed", "0.000"], [NASTY, "0.750"], ["perfect", "1.000"], ["healthy", "undefined"],
    ]  # fmt: skip
    header = next(table[0] for table in page.tables if table and table[0][:2] == ["Case", "Dice"])
    assert cases[0][header.index("HD95, mm")] == "none: missed"
    assert [line[-3:] for line in cases] == [["0", "2", "0"], ["1", "0", "1"], ["1", "0", "0"], ["0", "0", "0"]]


def test_every_mean_says_how_many_cases_it_left_out(page: Page) -> None:
    figures = {line[0]: line[1:] for line in page.table("n", "Undefined", "None")}
    assert len(figures) == sum(not key.startswith(("monai_", "surfel_")) for key in CARDS)
    for n, undefined, infinite, *_ in figures.values():
        assert int(n) + int(undefined) + int(infinite) == 4
    assert figures["Dice (F1)"][:3] == ["3", "1", "0"]
    assert figures["Dice (F1)"][3].startswith("0.583 [")
    assert figures["Dice (F1)"][4] == "0.750 (0.375 to 0.875)"
    assert figures["Dice (F1)"][5:] == ["3", "the same"]
    n, undefined, infinite, mean, _, penalised_n, penalised_mean, _ = figures["Hausdorff distance, mm"]
    assert (n, undefined, infinite, penalised_n) == ("2", "1", "1", "3")
    diagonal = (15**2 + 72**2 + 60**2) ** 0.5
    left_out = float(mean.split()[0])
    assert float(penalised_mean.split()[0]) == pytest.approx((2 * left_out + diagonal) / 3, abs=0.01)


def test_lesions_are_listed_with_slice_and_size_and_the_bad_ones_first(page: Page) -> None:
    """A voxel is 5 × 3 × 2 mm, 0.03 ml; the lesion of four is 0.12 ml: a ball of 6.1 mm."""
    lesions = page.table("Case", "", "Slice")
    assert [line[:2] for line in lesions] == [
        ["missed", "missed"], ["missed", "missed"], [NASTY, "made up"], [NASTY, "found"], ["perfect", "found"],
    ]  # fmt: skip
    assert lesions[0][2:] == ["2", "0.12", "6.1", "4", ""]
    assert lesions[3][-1] == f"{6 / 7:.3f}"
    assert page.table("Diameter", "Found") == [["< 10 mm", "2 of 4", "1"]]


def test_every_case_with_the_label_has_its_picture(page: Page) -> None:
    pictures = [attrs["alt"] for tag, attrs in page.tags if tag == "img"]
    assert pictures == [
        "Error map of missed. Slice 2: 0 voxels found, 0 made up, 5 missed.",
        f"Error map of {NASTY}. Slice 2: 3 voxels found, 2 made up, 0 missed.",
        "Error map of perfect. Slice 2: 4 voxels found, 0 made up, 0 missed.",
    ]
    assert "found made up missed" in page.text


def test_files_are_named_with_their_sha256(page: Page) -> None:
    files = page.table("Case", "Used as")
    assert ["broken", "prediction", "broken.nii", "c" * 64] in files
    assert ["perfect", "reference", "perfect.nrrd", "b" * 64] in files
    assert len(files) == 4 * 2 + 1


def test_rules_definitions_and_sources_are_printed(page: Page) -> None:
    used = [key for key in CARDS if not key.startswith(("monai_", "surfel_"))]
    assert [line[0] for line in page.table("Figure", "Formula")] == [CARDS[key].name for key in used]
    rules = page.table("Figure", "Both masks empty")
    assert len(rules) == len(EMPTY_RULES)
    distances = next(line for line in rules if line[0].startswith("Hausdorff distance"))
    assert distances[1:] == ["undefined", "none", "none"]
    assert all(source in page.text for source in HUMAN_SOURCES)
    assert "A lesion is voxels that touch by a side, an edge or a corner" in page.text
    assert "Tolerance of the surface Dice 2 mm" in page.text


def test_human_readers_are_mentioned_for_tumours_only() -> None:
    found = Page(report([row("a", "xx", "xx"), row("b", "xx", "xx")], title="x", created=CREATED)).text
    other = report([row("a", "xx", "xx", name="gallbladder")], title="x", created=CREATED)
    assert found.count("For scale: two human readers") == 2
    assert Page(other).text.count("For scale: two human readers") == 2 - 1


def test_one_case_has_its_curve_and_every_figure_with_its_unit() -> None:
    found = report([row("a", "xx..", "xxxx", tools=True)], title="a", created=CREATED)
    page = Page(found)
    assert "# Dice, slice by slice" in page.text
    assert "Spread over the cases" not in page.text
    figures = dict(page.table("Figure", "Value"))
    assert figures["Dice (F1)"] == f"{2 / 3:.3f}"
    assert figures["Volume, prediction, ml"] == "0.06"
    assert figures["Hausdorff distance, as MONAI, mm"] == "4.00"
    assert [line[0] for line in page.table("Figure", "Formula")] == [card.name for card in CARDS.values()]
    assert "as MONAI, as surface-distance, as CHAOS" in page.text


def test_one_missed_case_says_what_it_would_count_as() -> None:
    page = Page(report([row("a", "....", "xxxx")], title="a", created=CREATED))
    assert dict(page.table("Figure", "Value"))["HD95, mm"] == "none: missed (counts as 94.92 mm)"
    assert "HD95 none: missed Counts as 94.92 mm." in page.text


def test_two_empty_masks_and_no_case_at_all_still_make_a_page() -> None:
    healthy = Page(report([row("a", "....", "....")], title="a", created=CREATED))
    assert "There is no lesion, and none was made up." in healthy.text
    assert dict(healthy.table("Figure", "Value"))["Dice (F1)"] == "undefined"
    failed = Page(report([Row("a", None, "gone")], title="a", created=CREATED))
    assert "there is nothing to score" in failed.text
    assert "Not scored: 1 of 1" in failed.text


def test_notes_on_the_files_are_never_silent() -> None:
    from core.scoring.scorecard import Scorecard

    noted = Row("a", Scorecard("a", (), 10.0, 2.0, ("It was resampled from 5 to 3 mm.",)))
    assert "It was resampled from 5 to 3 mm." in Page(report([noted], title="a", created=CREATED)).text


def test_a_point_of_a_plot_tells_the_name_as_it_is() -> None:
    drawn = boxes([row('A & "B" <b>', "xx..", "xxx.")], 2, ["dice"], with_readers=False)
    assert drawn.data[1].text == ('A &amp; "B" &lt;b&gt;',), "plotly knows &amp; &lt; &gt;, and no &quot;"


def test_one_word_for_a_distance_that_is_none(page: Page) -> None:
    """The pages say none too; infinite is left to files for programs."""
    words = page.text.casefold()
    assert "none: missed" in words
    assert "infinite" not in words
    assert "no distance;" not in words
