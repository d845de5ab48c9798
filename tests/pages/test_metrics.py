"""The Metrics page with one pair, without a browser."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from streamlit.testing.v1 import AppTest

from core.imaging.volume import TUMOUR
from pages.ui.desk import Origin

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
SPACING = (2.5, 0.7, 0.9)


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(APP, default_timeout=120).run()


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def labels_file(
    path: Path,
    labels: np.ndarray,
    origin: tuple[float, float, float] = (3.0, 4.0, 5.0),
    spacing: tuple[float, float, float] = SPACING,
) -> Path:
    """Save labels on voxels of 2.5 × 0.7 × 0.9 mm, or others ``(z, y, x)``."""
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing(spacing[::-1])
    image.SetOrigin(origin)
    SimpleITK.WriteImage(image, str(path))
    return path


def upload(app: AppTest, key: str, *paths: Path) -> AppTest:
    uploader = next(uploader for uploader in app.file_uploader if str(uploader.key).startswith(key))
    uploader.set_value([(path.name, path.read_bytes(), "application/octet-stream") for path in paths])
    return app.run()


def choose_files(app: AppTest, predicted: Path, reference: Path) -> AppTest:
    app.switch_page("metrics.py").run()
    upload(app, "predicted_", predicted)
    return upload(app, "reference_file_", reference)


def score_files(app: AppTest, predicted: Path, reference: Path) -> AppTest:
    return choose_files(app, predicted, reference).button("score").click().run()


def drawn(*boxes: tuple[slice, slice, slice], value: int = 1) -> np.ndarray:
    labels = np.zeros((4, 7, 9), dtype=np.uint8)
    for box in boxes:
        labels[box] = value
    return labels


def pick(app: AppTest, key: str, value: object) -> AppTest:
    return next(group for group in app.button_group if group.key == key).set_value(value).run()


def test_without_labels_the_page_says_how_to_get_there(app: AppTest) -> None:
    app.switch_page("metrics.py").run()
    assert not app.exception
    assert any("Open a CT that has labels" in caption.value for caption in app.caption)


def test_my_masks_are_scored_against_the_reference(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = app.session_state["lobule"].case
    truth = case.reference.voxels == TUMOUR
    for z in np.flatnonzero(truth.any(axis=(1, 2)))[:3]:
        case.annotation.add(int(z), truth[z], TUMOUR)
    app.switch_page("metrics.py").run()
    app.button("score").click().run()
    assert not app.exception
    found = truth[np.flatnonzero(truth.any(axis=(1, 2)))[:3]].sum()
    scored = app.session_state["lobule"].scored
    assert [label.name for label in scored.card.labels] == ["liver", "tumour"]
    assert scored.volume is case.volume
    assert figures(app)["Dice (F1)"] == f"{2 * found / (found + truth.sum()):.3f}"
    assert figures(app)["Precision"] == "1.000"
    assert "Phantom" not in scored.case, "files must not carry the name of a case"


def test_my_masks_may_be_the_reference_for_a_file(app: AppTest, tmp_path: Path) -> None:
    app.button("sample_phantom").click().run()
    case = app.session_state["lobule"].case
    truth = case.reference.voxels == TUMOUR
    z = int(np.flatnonzero(truth.any(axis=(1, 2)))[1])
    case.annotation.add(z, truth[z], TUMOUR)
    case.reference = None
    file = np.zeros(truth.shape, np.uint8)
    file[z : z + 2] = truth[z] * np.uint8(TUMOUR)
    path = labels_file(tmp_path / "file.nrrd", file, tuple(case.volume.grid.affine[:3, 3]), case.volume.grid.spacing)
    app.switch_page("metrics.py").run()
    pick(app, "origin_prediction", Origin.FILE)
    pick(app, "origin_reference", Origin.MINE)
    upload(app, "predicted_", path)
    app.button("score").click().run()
    assert not app.exception
    assert figures(app)["Recall (sensitivity)"] == "1.000"
    assert figures(app)["Precision"] == "0.500"


def test_two_files_are_scored_by_hand_counted_voxels(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 2:5, 2:6])  # 24 voxels
    predicted = drawn(np.s_[1:3, 2:5, 3:7])  # 24, of them 18 shared
    score_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    assert not app.exception
    assert figures(app)["Dice (F1)"] == "0.750"
    assert figures(app)["IoU (Jaccard)"] == "0.600"
    assert figures(app)["Volume difference"] == "0.00 ml"


def test_an_object_that_was_missed_has_no_distance_and_says_what_it_counts(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 2:5, 2:6])
    predicted = drawn(np.s_[0, 0, 0], value=2)
    choose_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    app.selectbox("link_2").set_value(-1).run()
    app.button("score").click().run()
    pick(app, "metrics_label", 1)
    assert not app.exception
    assert figures(app)["HD95"] == "none (14 mm)", "the diagonal: √(10² + 4.9² + 8.1²) mm"
    assert any("missed (counts as 13.8 mm)" in str(cell) for cell in app.dataframe[1].value.to_numpy().ravel())


def test_a_wrong_file_leaves_everything_else_as_it_is(app: AppTest, tmp_path: Path) -> None:
    good = labels_file(tmp_path / "good.nrrd", drawn(np.s_[1:3, 2:5, 2:6]))
    score_files(app, good, good)
    app.button("open_desk").click().run()
    wrong = tmp_path / "wrong.nii.gz"
    wrong.write_bytes(b"this is no image")
    upload(app, "predicted_", wrong)
    assert not app.exception
    assert "wrong.nii.gz" in app.error[0].value
    desk = app.session_state["lobule"].desk
    assert desk.prediction.held.name == desk.reference.held.name == "good.nrrd"
    assert figures(app)["Dice (F1)"] == "1.000"
    assert not app.button("score").disabled


def test_files_on_two_grids_are_resampled_only_when_the_reader_says_so(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 2:5, 2:6])
    finer = np.repeat(np.repeat(reference, 2, axis=1), 3, axis=2)
    origin = (3.0 - 0.3, 4.0 - 0.175, 5.0)  # the middle of the first finer voxel
    mine = labels_file(tmp_path / "mine.nrrd", finer, origin, (2.5, 0.35, 0.3))
    choose_files(app, mine, labels_file(tmp_path / "truth.nrrd", reference))
    assert not app.exception
    facts = app.table[0].value
    assert facts.loc[facts.iloc[:, 0] == "Size", "Prediction"].item() == ":red[**27 × 14 × 4**]"
    assert "would be resampled" in app.warning[0].value
    assert not app.metric
    assert app.button("score").label == "Resample and score"
    app.button("score").click().run()
    assert not app.exception
    assert figures(app)["Dice (F1)"] == "1.000"
    assert any("was resampled" in caption.value for caption in app.caption)


def test_files_that_do_not_meet_in_space_are_refused_in_words(app: AppTest, tmp_path: Path) -> None:
    labels = drawn(np.s_[1:3, 2:5, 2:6])
    here, there = labels_file(tmp_path / "a.nrrd", labels), labels_file(tmp_path / "b.nrrd", labels, (300.0, 4.0, 5.0))
    choose_files(app, here, there)
    assert not app.exception
    assert "do not overlap" in app.error[0].value
    assert not [button for button in app.button if button.key == "score"]


def test_labels_that_are_numbered_otherwise_are_matched_by_the_reader(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 2:5, 2:6]) + drawn(np.s_[0, 0:2, 0:3], value=2)
    predicted = drawn(np.s_[1:3, 2:5, 2:6], value=7) + drawn(np.s_[0, 0:2, 0:3], value=4)
    choose_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    app.selectbox("link_7").set_value(1).run()
    app.selectbox("link_4").set_value(2).run()
    app.text_input("name_2").set_value("cyst").run()
    app.button("score").click().run()
    assert not app.exception
    card = app.session_state["lobule"].scored.card
    assert {label.name: label.figures["dice"] for label in card.labels} == {"liver": 1.0, "cyst": 1.0}


def test_the_liver_may_include_its_tumours(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 1:6, 2:8])  # 60 voxels of liver
    reference[1, 2:4, 3:6] = TUMOUR  # of them 6 tumour
    predicted = drawn(np.s_[1:3, 1:6, 2:8])  # the liver with its tumours, in one label
    choose_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    app.toggle("whole_liver").set_value(True).run()
    app.button("score").click().run()
    assert not app.exception
    dice = {label.name: label.figures["dice"] for label in app.session_state["lobule"].scored.card.labels}
    assert dice == {"liver": 1.0, "tumour": 0.0}


def test_without_it_the_liver_ends_where_its_tumours_begin(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 1:6, 2:8])
    reference[1, 2:4, 3:6] = TUMOUR
    predicted = drawn(np.s_[1:3, 1:6, 2:8])
    score_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    liver = app.session_state["lobule"].scored.card.labels[0]
    assert liver.figures["dice"] == pytest.approx(2 * 54 / (54 + 60))


def test_tolerance_percentile_and_other_tools_can_be_chosen(app: AppTest, tmp_path: Path) -> None:
    reference = drawn(np.s_[1:3, 2:5, 2:6])
    predicted = drawn(np.s_[1:3, 2:5, 3:7])
    score_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    assert figures(app)["Surface Dice, 2 mm"] == "1.000"
    app.number_input("tolerance_mm").set_value(0.0)
    app.number_input("percentile").set_value(100)
    app.checkbox("measure_monai").check()
    app.button("measure_again").click().run()
    assert not app.exception
    assert float(figures(app)["Surface Dice, 0 mm"]) < 1
    assert figures(app)["HD100"] == "0.90 mm", "shifted by one voxel of 0.9 mm"
    table = app.dataframe[1].value
    assert table.loc[table["Figure"] == "Hausdorff distance", "MONAI"].item() == "0.90 mm"


def test_stepping_moves_the_slice_and_stops_at_the_end(app: AppTest, tmp_path: Path) -> None:
    path = labels_file(tmp_path / "a.nrrd", drawn(np.s_[2:4, 2:5, 2:6]))
    score_files(app, path, path)
    view = app.session_state["lobule"].scored.view
    assert view.z == 2
    app.button("slice_on").click().run()
    assert app.session_state["lobule"].scored.view.z == 3
    assert app.button("slice_on").disabled
    app.slider("metrics_slice").set_value(1).run()
    assert app.session_state["lobule"].scored.view.z == 0
    app.button("metrics_worst").click().run()
    assert app.session_state["lobule"].scored.view.z == 2


@pytest.mark.parametrize("view", ["Errors", "Distances", "Side by side", "3-D surface"])
def test_every_view_is_drawn_in_mm(app: AppTest, tmp_path: Path, view: str) -> None:
    reference, predicted = drawn(np.s_[1:3, 2:5, 2:6]), drawn(np.s_[1:3, 2:5, 3:7])
    score_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    pick(app, "metrics_view", view)
    assert not app.exception
    assert figures(app)["Dice (F1)"] == "0.750"
    assert not any("not mm" in caption.value for caption in app.caption)


@pytest.mark.parametrize("view", ["Distances", "3-D surface"])
def test_without_a_voxel_size_distances_are_not_called_mm(app: AppTest, view: str) -> None:
    app.button("sample_lits-117").click().run()
    case = app.session_state["lobule"].case
    truth = case.reference.voxels == TUMOUR
    case.annotation.add(78, truth[78], TUMOUR)
    app.switch_page("metrics.py").run()
    app.button("score").click().run()
    pick(app, "metrics_view", view)
    assert not app.exception
    assert figures(app)["HD95"] == "undefined"
    assert any("steps of one voxel, not mm" in caption.value for caption in app.caption)


def test_every_figure_has_its_definition(app: AppTest, tmp_path: Path) -> None:
    path = labels_file(tmp_path / "a.nrrd", drawn(np.s_[1:3, 2:5, 2:6]))
    score_files(app, path, path)
    shown = set(app.dataframe[-1].value["figure"])
    tiles = {name for name in figures(app) if not name.startswith("Surface Dice")}
    assert tiles <= shown
    assert "Normalised surface Dice" in shown
