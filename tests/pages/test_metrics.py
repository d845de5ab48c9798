"""The Metrics page, without a browser."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from streamlit.testing.v1 import AppTest

from core.imaging.volume import TUMOUR

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(APP, default_timeout=120).run()


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def labels_file(path: Path, labels: np.ndarray, origin: tuple[float, float, float] = (3.0, 4.0, 5.0)) -> Path:
    """Save labels on voxels of 2.5 × 0.7 × 0.9 mm."""
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing((0.9, 0.7, 2.5))
    image.SetOrigin(origin)
    SimpleITK.WriteImage(image, str(path))
    return path


def score_files(app: AppTest, predicted: Path, reference: Path) -> AppTest:
    app.switch_page("pages/metrics.py").run()
    for key, path in (("predicted", predicted), ("reference_file", reference)):
        uploader = next(uploader for uploader in app.file_uploader if uploader.key == key)
        uploader.set_value([(path.name, path.read_bytes(), "application/octet-stream")])
    app.run()
    return app.button("score_files").click().run()


def test_without_labels_the_page_says_how_to_get_there(app: AppTest) -> None:
    app.switch_page("pages/metrics.py").run()
    assert not app.exception
    assert any("Open a CT that has labels" in caption.value for caption in app.caption)


def test_my_masks_are_scored_against_the_reference(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = app.session_state["lobule"].case
    truth = case.reference.voxels == TUMOUR
    for z in np.flatnonzero(truth.any(axis=(1, 2)))[:3]:
        case.annotation.add(int(z), truth[z], TUMOUR)
    app.switch_page("pages/metrics.py").run()
    app.button("score_case").click().run()
    assert not app.exception
    found = truth[np.flatnonzero(truth.any(axis=(1, 2)))[:3]].sum()
    card = app.session_state["lobule"].scored.card
    assert [label.name for label in card.labels] == ["liver", "tumour"]
    assert figures(app)["Dice (F1)"] == f"{2 * found / (found + truth.sum()):.3f}"
    assert figures(app)["Precision"] == "1.000"


def test_two_files_are_scored_by_hand_counted_voxels(app: AppTest, tmp_path: Path) -> None:
    reference, predicted = np.zeros((2, 4, 7, 9), dtype=np.uint8)
    reference[1:3, 2:5, 2:6] = 1  # 24 voxels
    predicted[1:3, 2:5, 3:7] = 1  # 24, of them 18 shared
    score_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    assert not app.exception
    assert figures(app)["Dice (F1)"] == "0.750"
    assert figures(app)["IoU (Jaccard)"] == "0.600"
    assert figures(app)["Volume difference"] == "0.00 ml"


def test_an_object_that_was_missed_has_no_distance_and_says_what_it_counts(app: AppTest, tmp_path: Path) -> None:
    reference = np.zeros((4, 7, 9), dtype=np.uint8)
    reference[1:3, 2:5, 2:6] = 1
    predicted = np.zeros_like(reference)
    predicted[0, 0, 0] = 2
    score_files(app, labels_file(tmp_path / "mine.nrrd", predicted), labels_file(tmp_path / "truth.nrrd", reference))
    assert not app.exception
    assert app.metric[5].label == "HD95"
    assert app.metric[5].value == "none (14 mm)", "the diagonal: √(10² + 4.9² + 8.1²) mm"


def test_files_on_two_grids_are_refused_in_words(app: AppTest, tmp_path: Path) -> None:
    labels = np.zeros((4, 7, 9), dtype=np.uint8)
    labels[1:3, 2:5, 2:6] = 1
    here, there = labels_file(tmp_path / "a.nrrd", labels), labels_file(tmp_path / "b.nrrd", labels, (30.0, 4.0, 5.0))
    score_files(app, here, there)
    assert not app.exception
    assert "the reference" in app.error[0].value
    assert not app.metric


def test_every_figure_has_its_definition(app: AppTest, tmp_path: Path) -> None:
    labels = np.zeros((4, 7, 9), dtype=np.uint8)
    labels[1:3, 2:5, 2:6] = 1
    path = labels_file(tmp_path / "a.nrrd", labels)
    score_files(app, path, path)
    shown = set(app.dataframe[-1].value["figure"])
    assert figures(app).keys() <= shown
