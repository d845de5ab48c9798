"""Several readers on the Metrics page, without a browser."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.imaging.grid import Grid
from core.imaging.volume import TUMOUR, Mask
from core.scoring.panel import panel
from pages.ui.reader_map import AGREED, OUTLINE, Compared, disagreement_picture, matrix, party_colour
from tests.core.scoring.files import write_labels
from tests.pages.test_cohorts import PATIENCE_S, figures, group, upload

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(APP, default_timeout=120).run()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three readers who marked rows 2 to 5, 3 to 6 and 3 to 7; one on another grid."""
    folder = tmp_path_factory.mktemp("readers")
    for name, rows in (("Anna", slice(2, 6)), ("Bert", slice(3, 7)), ("Chris", slice(3, 8))):
        write_labels(folder / f"{name}.nii.gz", (2, rows))
    write_labels(folder / "Dora.nii.gz", (2, slice(2, 6)), spacing=(4.0, 3.0, 2.0))
    return folder


def open_readers(app: AppTest) -> AppTest:
    app.switch_page("metrics.py").run()
    return group(app, "metrics_mode").set_value("Several readers").run()


def sent(folder: Path, *names: str) -> list[tuple[str, bytes, str]]:
    return [(f"{name}.nii.gz", (folder / f"{name}.nii.gz").read_bytes(), "application/gzip") for name in names]


def compared(app: AppTest) -> Compared:
    app.button("compare_readers").click().run()
    readers = app.session_state["lobule"].readers
    assert readers.work.wait(PATIENCE_S)
    app.run()
    assert not app.exception
    assert isinstance(readers.compared, Compared)
    return readers.compared


def test_the_figures_of_three_readers_by_hand(app: AppTest, folder: Path) -> None:
    """Rows of 6 voxels in 3 slices, of 0.03 ml each; shared rows: 3, 3 and 4."""
    upload(open_readers(app), "reader_labels", sent(folder, "Anna", "Bert", "Chris"))
    found = compared(app)
    assert found.gathering.names == ("Anna", "Bert", "Chris")
    np.testing.assert_allclose(found.panels[2].dice, [[1, 6 / 8, 6 / 9], [6 / 8, 1, 8 / 9], [6 / 9, 8 / 9, 1]])
    assert figures(app)["Mean Dice of all pairs"] == f"{(6 / 8 + 6 / 9 + 8 / 9) / 3:.3f}"
    assert figures(app)["Majority"] == f"{4 * 18 * 0.03:.2f} ml", "rows 3 to 6"
    assert figures(app)["Disputed"] == f"{3 * 18 * 0.03:.2f} ml", "rows 2, 6 and 7"
    table = next(table.value for table in app.dataframe if "sensitivity" in table.value)
    assert table["reader"].tolist() == ["1. Anna", "2. Bert", "3. Chris"]
    np.testing.assert_allclose(table["ml"], np.array([4, 4, 5]) * 18 * 0.03)
    np.testing.assert_allclose(table["Dice, majority"], [6 / 8, 1, 8 / 9])
    np.testing.assert_allclose(table["sensitivity"], found.panels[2].staple.sensitivity)


def test_names_that_look_like_numbers_stay_names() -> None:
    grid = Grid.from_geometry((2, 3, 4), (5.0, 3.0, 2.0))
    masks = [Mask(np.full(grid.shape, 2, np.uint8), grid) for _ in range(3)]
    drawn = matrix(panel(masks, 2), ["10", "20", '<b> "x"'])
    assert list(drawn.data[0].x) == list(drawn.data[0].y) == ["1. 10", "2. 20", '3. &lt;b&gt; "x"']
    assert (drawn.layout.xaxis.type, drawn.layout.yaxis.type) == ("category", "category"), "not on a scale"


def test_a_reader_on_another_grid_is_named_and_the_others_are_compared(app: AppTest, folder: Path) -> None:
    upload(open_readers(app), "reader_labels", sent(folder, "Anna", "Dora", "Bert"))
    found = compared(app)
    assert found.gathering.names == ("Anna", "Bert")
    assert "Dora lies on another grid than Anna" in app.warning[0].value


def test_fewer_than_two_readers_are_no_comparison(app: AppTest, folder: Path) -> None:
    upload(open_readers(app), "reader_labels", sent(folder, "Anna"))
    assert app.button("compare_readers").disabled
    upload(app, "reader_labels", sent(folder, "Anna", "Dora"))
    app.button("compare_readers").click().run()
    readers = app.session_state["lobule"].readers
    assert readers.work.wait(PATIENCE_S)
    app.run()
    assert "Fewer than two readers lie on one grid" in app.error[0].value
    assert "Dora lies on another grid" in app.error[0].value


def test_the_open_case_gives_readers_and_the_ct_below_them(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = app.session_state["lobule"].case
    truth = case.reference.voxels == TUMOUR
    slices = np.flatnonzero(truth.any(axis=(1, 2)))
    for z in slices[::2]:
        case.annotation.add(int(z), truth[z], TUMOUR)
    open_readers(app)
    app.checkbox("reader_my masks").check().run()
    app.checkbox("reader_reference").check().run()
    found = compared(app)
    half = truth[slices[::2]].sum()
    assert found.gathering.names == ("My masks", "Reference")
    assert found.panels[TUMOUR].dice[0, 1] == pytest.approx(2 * half / (half + truth.sum()))
    assert found.volume is case.volume


def test_the_map_shows_who_agrees_and_where_the_majority_ends(app: AppTest, folder: Path) -> None:
    upload(open_readers(app), "reader_labels", sent(folder, "Anna", "Bert", "Chris"))
    found = compared(app)
    picture = disagreement_picture(found, found.panels[2], 2)
    seen = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert {AGREED, party_colour(1, 3), OUTLINE} <= seen
    outside = disagreement_picture(found, found.panels[2], 0)
    assert AGREED not in {tuple(colour) for colour in outside.reshape(-1, 3).tolist()}


def test_the_more_readers_differ_the_redder_the_voxel() -> None:
    greens = [party_colour(count, 7)[1] for count in (1, 2, 3)]
    assert greens == sorted(greens, reverse=True)
    assert len(set(greens)) == 3
    assert party_colour(1, 2) == party_colour(3, 7), "split as evenly as can be"
