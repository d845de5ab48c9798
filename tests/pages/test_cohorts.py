"""Many cases on the Metrics page, without a browser."""

import gc
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ReadError
from core.scoring.batch import Row, score_all
from core.scoring.cohort import three_dice
from core.scoring.folders import pairs
from pages.ui.cohort_files import html
from pages.ui.cohorts import Cohort, named_labels
from tests.core.scoring.files import write_labels

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
PATIENCE_S = 60


@pytest.fixture
def app() -> AppTest:
    return many_cases()


def many_cases() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page("metrics.py").run()
    return group(app, "metrics_mode").set_value("Many cases").run()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four cases: 4 of 6 rows found, 3 of 6, all missed, one broken; a prediction has no partner. B is better."""
    root = tmp_path_factory.mktemp("cohort")
    for case, found, better in (("one", 4, 5), ("two", 3, 6), ("missed", 0, 2), ("broken", 6, 6)):
        write_labels(root / "truth" / f"{case}.nii.gz", (2, slice(2, 8)))
        write_labels(root / "mine" / f"{case}.nii.gz", (2, slice(2, 2 + found)))
        write_labels(root / "second" / f"{case}.nii.gz", (2, slice(2, 2 + better)))
    write_labels(root / "mine" / "alone.nii.gz", (2, slice(2, 8)))
    broken = root / "mine" / "broken.nii.gz"
    broken.write_bytes(broken.read_bytes()[:90])
    return root


@pytest.fixture(scope="module")
def rows(folders: Path) -> tuple[Row, ...]:
    return tuple(score_all(pairs(folders / "mine", folders / "truth"), pictures=True))


@pytest.fixture
def results(app: AppTest, rows: tuple[Row, ...]) -> AppTest:
    """The page with these cases scored."""
    app.session_state["lobule"].cohort = Cohort(rows=rows, planned=(len(rows), 0))
    return app.run()


def group(app: AppTest, key: str) -> Any:
    return next(some for some in app.button_group if some.key == key)


def cohort(app: AppTest) -> Cohort:
    found = app.session_state["lobule"].cohort
    assert isinstance(found, Cohort)
    return found


def files(folder: Path) -> list[tuple[str, bytes, str]]:
    return [(path.name, path.read_bytes(), "application/octet-stream") for path in sorted(folder.iterdir())]


def zipped(folder: Path) -> list[tuple[str, bytes, str]]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as pack:
        for path in folder.iterdir():
            pack.write(path, f"{folder.name}/{path.name}")
    return [(f"{folder.name}.zip", packed.getvalue(), "application/zip")]


def upload(app: AppTest, key: str, some: Sequence[tuple[str, bytes, str]]) -> AppTest:
    next(uploader for uploader in app.file_uploader if uploader.key == key).set_value(list(some))
    return app.run()


def uploaded(app: AppTest, folders: Path) -> AppTest:
    upload(app, "cohort_prediction_files", zipped(folders / "mine"))
    return upload(app, "cohort_reference_files", files(folders / "truth"))


def scored(app: AppTest) -> AppTest:
    app.button("score_cohort").click().run()
    work = cohort(app).work
    assert work is not None
    assert work.wait(PATIENCE_S)
    return app.run()


def shown_table(app: AppTest) -> Any:
    return next(table.value for table in app.dataframe if "lesions" in table.value and "problem" in table.value)


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_cases_are_matched_before_anything_is_scored(app: AppTest, folders: Path) -> None:
    uploaded(app, folders)
    assert not app.exception
    table = app.dataframe[0].value
    assert table["case"].tolist() == ["alone", "broken", "missed", "one", "two"]
    assert table["reference"].tolist() == ["missing", "broken.nii.gz", "missed.nii.gz", "one.nii.gz", "two.nii.gz"]
    assert any("4 cases match" in words.value and "1 lacks a file" in words.value for words in app.markdown)
    assert app.button("score_cohort").label == "Score 4 cases"


def test_a_failed_case_is_a_row_and_not_the_end(app: AppTest, folders: Path) -> None:
    scored(uploaded(app, folders))
    assert not app.exception
    table = shown_table(app)
    assert table["case"].tolist() == ["alone", "broken", "missed", "two", "one"], "failed first, then worst first"
    np.testing.assert_allclose(table["dice"], [np.nan, np.nan, 0, 2 * 3 / 9, 2 * 4 / 10])
    assert "has a prediction and no reference" in table["problem"][0]
    assert "broken.nii.gz is damaged" in table["problem"][1]
    assert table["lesions"].tolist()[2:] == ["0 of 1", "1 of 1", "1 of 1"]
    assert any("3 of 5 cases scored" in words.value and "2 failed" in words.value for words in app.markdown)
    assert "no reference" in app.error[0].value, "the first of the list stands beside it"


def test_the_figures_are_those_of_the_core(results: AppTest, rows: tuple[Row, ...]) -> None:
    """Voxels of a row: 6 in each of 3 slices. Found are 4, 3 and 0 rows of 6, nothing is made up."""
    assert figures(results)["Dice, pooled over voxels"] == f"{2 * 7 / (7 + 18):.3f}"
    assert figures(results)["Dice, mean per case"] == f"{(0.8 + 2 * 3 / 9 + 0) / 3:.3f}"
    core = three_dice([row.card for row in rows if row.card], 2)
    assert figures(results)["Dice, mean per lesion"] == f"{core.per_lesion:.3f}"
    averages = next(table.value for table in results.dataframe if "counted" in table.value)
    of_hd95 = averages[averages["figure"] == "HD95, mm"].set_index("counted")
    assert of_hd95.loc["defined", ["n", "none"]].tolist() == [2, 1]
    assert of_hd95.loc["penalised", ["n", "none"]].tolist() == [3, 0]


def test_cases_are_found_by_name_and_by_limit(results: AppTest) -> None:
    results.text_input("cohort_name").set_value("O").run()
    assert shown_table(results)["case"].tolist() == ["alone", "broken", "two", "one"]
    results.number_input("cohort_limit_dice").set_value(0.7).run()
    assert shown_table(results)["case"].tolist() == ["alone", "broken", "two"]


def test_a_picked_case_shows_its_picture_and_lesions(results: AppTest) -> None:
    cohort(results).case = "one"
    results.run()
    assert not results.error
    assert any("Dice (F1) 0.800" in words.value for words in results.markdown)
    captions = [caption for image in results.image for caption in image.captions]
    assert captions == ["Slice 2: 24 voxels found, 0 made up, 12 missed."]
    lesions = next(table.value for table in results.dataframe if "lesion" in table.value)
    assert lesions["lesion"].tolist() == ["found"]
    assert lesions["ml"].tolist() == [pytest.approx(3 * 36 * 0.03)]


def test_a_second_prediction_is_compared_with_the_first(app: AppTest, folders: Path) -> None:
    upload(app, "cohort_second_prediction_folder", [(f"second/{n}", b, t) for n, b, t in files(folders / "second")])
    scored(uploaded(app, folders))
    assert not app.exception
    apart = [2 * 5 / 11 - 0.8, 1 - 2 * 3 / 9, 2 * 2 / 8]
    said = app.info[0].value
    assert said.startswith(f"No clear difference: B is better by {np.mean(apart):.3f} Dice (F1) on average")
    assert "n = 3; fewer than 6 cases cannot show one." in said
    group(app, "cohort_which").set_value("B").run()
    assert figures(app)["Dice, mean per case"] == f"{(2 * 5 / 11 + 1 + 0.5 + 1) / 4:.3f}"
    assert "the second prediction" in html(cohort(app))


def test_a_stop_keeps_what_is_scored(app: AppTest, folders: Path) -> None:
    uploaded(app, folders).button("score_cohort").click().run()
    work = cohort(app).work
    assert work is not None
    work.stop()
    assert work.wait(PATIENCE_S)
    app.run()
    assert not app.exception
    assert 1 <= len(cohort(app).rows) < 5
    assert any(f"stopped after {len(cohort(app).rows)}" in words.value for words in app.markdown)


def test_files_stay_while_another_page_is_on_the_screen(app: AppTest, folders: Path) -> None:
    uploaded(app, folders)
    app.switch_page("annotate.py").run()
    app.switch_page("metrics.py").run()
    assert app.button("score_cohort").label == "Score 4 cases"


def test_what_cannot_be_matched_is_said_in_words(app: AppTest, folders: Path) -> None:
    upload(app, "cohort_prediction_files", files(folders / "mine"))
    upload(app, "cohort_reference_files", [(f"x{n}", b, t) for n, b, t in files(folders / "truth")])
    assert not app.exception
    assert "Name both alike" in app.error[0].value
    assert app.button("score_cohort").disabled


def test_a_wrong_list_of_labels_is_refused_and_a_right_one_names_them(app: AppTest, folders: Path) -> None:
    uploaded(app, folders)
    app.text_input("cohort_labels").set_value("tumour").run()
    app.button("score_cohort").click().run()
    assert "“tumour” is no label" in app.error[0].value
    assert cohort(app).work is None
    app.text_input("cohort_labels").set_value("2=metastasis, 5").run()
    scored(app)
    assert not app.error or "no label" not in app.error[0].value
    card = next(row.card for row in cohort(app).rows if row.card)
    assert [label.name for label in card.labels] == ["metastasis", "label 5"]


def test_an_upload_that_cannot_be_stored_is_told_for_as_long_as_it_is_there(app: AppTest, folders: Path) -> None:
    upload(app, "cohort_prediction_files", [("mine.zip", zipped(folders / "mine")[0][1][:300], "application/zip")])
    upload(app, "cohort_reference_files", zipped(folders / "truth"))
    assert not app.exception
    assert "mine.zip is damaged or incomplete" in app.error[0].value
    upload(app, "cohort_prediction_files", zipped(folders / "mine"))
    assert not app.error
    assert app.button("score_cohort").label == "Score 4 cases"


def test_labels_are_values_with_or_without_a_name() -> None:
    assert named_labels(" 1 = liver,2,, ") == {1: "liver", 2: ""}
    assert named_labels("  ") is None
    for wrong in ("liver", "0=x", "256", "-1"):
        with pytest.raises(ReadError, match="values from 1 to 255"):
            named_labels(wrong)


def test_uploads_leave_the_disk_when_they_are_taken_away(app: AppTest, folders: Path) -> None:
    uploaded(app, folders)
    path = cohort(app).stored["reference"].folder.path
    assert path.exists()
    upload(app, "cohort_reference_files", [])
    assert not path.exists()
    assert app.button("score_cohort").disabled


def test_what_was_deleted_while_the_browser_was_away_is_asked_for_again(app: AppTest, folders: Path) -> None:
    uploaded(app, folders)
    cohort(app).stored["prediction"].folder.end()
    app.run()
    assert not app.exception
    assert "Upload them again" in app.error[0].value
    assert app.button("score_cohort").disabled


def test_uploads_leave_the_disk_with_the_session(folders: Path) -> None:
    app = many_cases()
    uploaded(app, folders)
    path = cohort(app).stored["reference"].folder.path
    assert path.exists()
    del app
    gc.unfreeze()  # the first start of the app, and work of other tests, keep the collector off what is there
    gc.collect()
    assert not path.exists()
