"""Who takes part in the ensemble of a comparison."""

from pathlib import Path

import pytest

from core.learning.entrants import NONE, Entrant, Remembered, ensemble
from core.learning.runs import Reporter, State
from tests.core.learning.shapes import patient
from tests.core.learning.test_finders import Truth


def finished(folder: Path, score: float) -> None:
    """A run whose best epoch had a score."""
    reporter = Reporter(folder, 2)
    reporter.rewrite([{"epoch": 1, "score": score}, {"epoch": 2, "score": score / 2}])
    reporter.ended(State.FINISHED, "Done.", 2)


def entrant(key: str) -> Entrant:
    return Entrant(key, key.upper(), NONE, Remembered(Truth()), 10)


@pytest.mark.parametrize(
    ("scores", "title"),
    [
        ({"unet": 0.6, "vnet": 0.4, "samunet": 0.9}, "Ensemble (SAMUNET + SAM-TUNED-SAMUNET)"),
        ({"unet": 0.7, "vnet": 0.4, "samunet": 0.9}, "Ensemble (UNET + SAMUNET + SAM-TUNED-SAMUNET)"),
        ({"unet": 0.7, "vnet": 0.65}, "Ensemble (UNET + VNET + SAM-TUNED-AUTO)"),
        ({"unet": 0.7, "vnet": 0.1}, "Ensemble (UNET + SAM-TUNED-AUTO)"),
    ],
)
def test_whoever_scores_poorly_is_left_out(scores: dict[str, float], title: str, tmp_path: Path) -> None:
    runs = {name: tmp_path / name for name in scores}
    for name, score in scores.items():
        finished(runs[name], score)
    sam = "sam-tuned-samunet" if "samunet" in scores else "sam-tuned-auto"
    (row,) = ensemble(runs, {key: entrant(key) for key in (*scores, sam)})
    assert row.title == title
    assert row.parameters == 10 * (title.count("+") + 1)
    assert len(list(row.finder.probabilities(patient(0), [3, 4]))) == 2


def test_one_alone_is_no_ensemble(tmp_path: Path) -> None:
    finished(tmp_path, 0.5)
    assert not ensemble({"unet": tmp_path}, {"unet": entrant("unet")})
