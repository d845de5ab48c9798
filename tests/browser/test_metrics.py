"""From a box to its score and its errors."""

from playwright.sync_api import expect

from core.segmentation.prompt import Box
from tests.browser.reader import Reader


def test_a_readers_masks_are_scored_and_their_errors_shown(reader: Reader) -> None:
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(78)
    reader.draw(Box(3, 52, 27, 92), (128, 128))
    reader.page.get_by_role("link", name="Metrics").click()
    reader.button("Score my masks").click()
    reader.page.get_by_role("tab", name="Tumour").click()
    panel = reader.page.get_by_role("tabpanel", name="Tumour")
    expect(panel.get_by_test_id("stMetric").filter(has_text="Precision")).to_contain_text("0.9")
    expect(panel.get_by_test_id("stMetric").filter(has_text="HD95")).to_contain_text("undefined")
    expect(panel.get_by_text("made up", exact=False).first).to_be_visible()
    expect(panel.locator("img").first).to_be_visible()
    expect(panel.locator(".js-plotly-plot")).to_be_visible()
    reader.page.get_by_role("link", name="Annotate").click()
    expect(reader.objects).to_have_count(1)


def test_a_click_on_the_curve_shows_that_slice(reader: Reader) -> None:
    reader.open_sample("Phantom")
    reader.draw(Box(104, 38, 143, 85), (224, 288))
    reader.page.get_by_role("link", name="Metrics").click()
    reader.button("Score my masks").click()
    reader.page.get_by_role("tab", name="Tumour").click()
    panel = reader.page.get_by_role("tabpanel", name="Tumour")
    point = panel.locator(".js-plotly-plot .scatterlayer .point").first
    point.scroll_into_view_if_needed()
    before = panel.get_by_text("Slice ").first.inner_text()
    place = point.bounding_box()
    assert place is not None
    at = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    reader.page.mouse.move(at[0] - 30, at[1])
    reader.page.mouse.move(*at, steps=5)
    reader.page.wait_for_timeout(300)  # plotly finds the point under the pointer
    reader.page.mouse.click(*at)
    expect(panel.get_by_text(before, exact=True)).to_have_count(0)
