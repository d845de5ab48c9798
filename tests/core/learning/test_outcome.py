import csv
import io
from pathlib import Path

import pytest

from core.errors import LearningError
from core.imaging.volume import LIVER, TUMOUR
from core.learning import outcome, table
from core.learning.published import about, publish
from core.learning.runs import LOG, Reporter, State, read_config
from tests.core.learning.studies import save_study


def test_points_are_of_patients_who_have_a_tumour(tmp_path: Path) -> None:
    found = outcome.points(save_study(tmp_path), TUMOUR, "dice")
    assert [(p.patient, p.value, p.fold) for p in found if p.row == "unet"] == [
        ("p0", 0.5, 0), ("p1", 0.6, 1), ("p2", 0.7, 0), ("p3", 0.8, 1), ("p4", 0.4, 0), ("p5", 0.6, 1)
    ]  # fmt: skip
    assert len(outcome.points(tmp_path, LIVER, "dice")) == 14
    assert {p.value for p in outcome.points(tmp_path, TUMOUR, "hd95_mm")} == {50.0}, "missed: the diagonal"
    assert outcome.points(tmp_path, TUMOUR, "iou") == []


def test_the_worst_patient_comes_first(tmp_path: Path) -> None:
    points = outcome.points(save_study(tmp_path), TUMOUR, "dice")
    assert [point.patient for point in outcome.worst_first(points, "cnn", "dice")][:2] == ["p4", "p0"]
    far = [outcome.Point("cnn", name, name, 0, value) for name, value in (("a", 3.0), ("b", 9.0))]
    assert [point.patient for point in outcome.worst_first(far, "cnn", "hd95_mm")] == ["b", "a"]


def test_every_training_has_its_curve(tmp_path: Path) -> None:
    found = outcome.curves(save_study(tmp_path))
    assert [(curve.fold, curve.model) for curve in found] == [(0, "cnn"), (0, "unet"), (1, "cnn"), (1, "unet")]
    assert [line["loss"] for line in found[0].epochs] == [1.0, 0.5]


def test_the_sheet_holds_means_and_every_patient(tmp_path: Path) -> None:
    text = outcome.csv_text(save_study(tmp_path))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    (mean,) = [r for r in rows if (r["model"], r["patient"], r["label"], r["figure"]) ==
               ("U-Net", "mean", "tumour", "dice")]  # fmt: skip
    assert (mean["value"], mean["n"]) == ("0.6", "6")
    own = [r for r in rows if r["patient"] == "p3" and r["figure"] == "dice" and r["label"] == "tumour"]
    assert {r["model"]: r["value"] for r in own} == {"U-Net": "0.8", "Plain CNN": "0.7"}


def test_what_is_published_reads_like_the_study_and_names_no_folder(tmp_path: Path) -> None:
    study, target = save_study(tmp_path / "study"), tmp_path / "weights"
    publish(study, target, "Seven made-up patients.")
    assert table.markdown(target) == table.markdown(study)
    assert outcome.curves(target) == outcome.curves(study)
    assert about(target)["note"] == "Seven made-up patients."
    assert read_config(target)["study"]["data"] == "gone"
    assert str(tmp_path) not in "".join(path.read_text() for path in target.rglob("*.json*"))
    assert about(study) == {}
    for path in study.glob(f"fold1/*/{LOG}"):
        path.unlink()
    assert len(outcome.curves(publish(study, target))) == 2, "what was published before has given way"


def test_a_comparison_is_published_when_it_is_done(tmp_path: Path) -> None:
    Reporter(save_study(tmp_path), 6).ended(State.STOPPED, "Stopped as asked.", 4)
    with pytest.raises(LearningError, match="is not finished"):
        publish(tmp_path, tmp_path / "weights")
