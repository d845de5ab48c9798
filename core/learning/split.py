"""Who is learnt from and who is tested on: always by patient, and never the same picture on both sides."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import LearningError
from core.learning.cases import Case
from core.learning.dataset import Dataset

_SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Patients by what they are used for.

    Attributes:
        train: Learnt from.
        validation: Not learnt from; tell when to stop.
        test: Not looked at before the end.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write the split as JSON."""
        path.write_text(json.dumps({side: list(names) for side, names in asdict(self).items()}, indent=1) + "\n")

    @staticmethod
    def read(path: Path) -> "Split":
        """Read a split.

        Raises:
            LearningError: The file is no split.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            sides = {side: tuple(str(name) for name in found.get(side, ())) for side in _SIDES}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise LearningError(
                f"{path.name} is no split of patients. It must be JSON with the lists train, validation and test."
            ) from error
        return Split(**sides)

    def parts(self, data: Dataset) -> tuple[Dataset, Dataset, Dataset]:
        """Return the cases of each side, after `check`.

        Raises:
            LearningError: As `check`.
        """
        check(self, data)
        return data.of(self.train), data.of(self.validation), data.of(self.test)


def check(split: Split, data: Dataset) -> None:
    """Make sure that nothing is learnt from and tested on.

    Raises:
        LearningError: A patient, or one and the same picture, is on two sides; or a patient has no data.
    """
    sides = asdict(split)
    unknown = [name for names in sides.values() for name in names if name not in data.patients]
    if unknown:
        raise LearningError(f"The split names {', '.join(unknown[:3])}, and the data hold no such patient.")
    if not split.train:
        raise LearningError("The split leaves no patient to learn from. Give it more patients, or fewer folds.")
    seen: dict[str, tuple[str, str]] = {}
    for side, names in sides.items():
        for case in data.of(names).cases:
            _check_case(case, side, seen)


def _check_case(case: Case, side: str, seen: dict[str, tuple[str, str]]) -> None:
    for mark, what in ((case.patient, "patient"), *((digest, "picture") for digest in case.hashes)):
        other = seen.setdefault(mark, (side, case.name))
        if other[0] == side:
            continue
        if what == "patient":
            raise LearningError(
                f"Patient {case.patient} is in {other[0]} and in {side}: the test would know what was learnt. "
                "Keep every patient on one side."
            )
        raise LearningError(
            f"{other[1]} ({other[0]}) and {case.name} ({side}) hold the same picture: they are one patient under two "
            "names. Give both the same patient in patients.csv, or remove one."
        )


def with_extra(training: Dataset, others: Sequence[Dataset], extra: Dataset) -> Dataset:
    """Add cases to learn from.

    Raises:
        LearningError: One of their patients or pictures is in the other parts, which are not learnt from.
    """
    both = replace(training, cases=(*training.cases, *extra.cases))
    apart = [case for other in others for case in other.cases]
    sides = Split(both.patients, tuple(dict.fromkeys(case.patient for case in apart)))
    check(sides, replace(both, cases=(*both.cases, *apart)))
    return both


def folds(data: Dataset, count: int, rng: np.random.Generator, validation: int = 3) -> list[Split]:
    """Deal the patients out for cross-validation, so that every patient is tested on once.

    Patients are dealt in the order of how much tumour they show, so that every fold gets large, small and none.

    Args:
        data: All cases.
        count: Of folds, at least 2.
        rng: Decides who of alike patients goes where.
        validation: Patients of each fold's training that are kept to tell when to stop, with tumour if possible; at
            most a third of them, but one if any is wanted.

    Raises:
        LearningError: There are too few patients.
    """
    if count < 2:
        raise ValueError(f"count must be at least 2, got {count}")
    patients = list(data.patients)
    fewest = len(patients) - -(-len(patients) // count)  # in the training of any fold
    if len(patients) < count or fewest < 1 + bool(validation):
        raise LearningError(
            f"{len(patients)} patients are too few for {count} folds: every fold needs one to learn from, one for "
            "validation and one to test on. Use more patients or fewer folds."
        )
    dealt = _dealt(data, patients, count, rng)
    splits = []
    for k in range(count):
        others = [name for j in range(count) if j != k for name in dealt[j]]
        kept = _validation(data, others, min(validation, max(1, len(others) // 3)), rng)
        train = [name for name in patients if name in set(others) - set(kept)]
        splits.append(Split(tuple(train), tuple(kept), tuple(name for name in patients if name in dealt[k])))
    for split in splits:
        check(split, data)
    return splits


def _burden(data: Dataset, patient: str) -> int:
    return int(sum(case.tumour_px.sum() for case in data.cases if case.patient == patient))


def _dealt(data: Dataset, patients: Sequence[str], count: int, rng: np.random.Generator) -> list[list[str]]:
    order = sorted(patients, key=lambda name: -_burden(data, name))
    dealt: list[list[str]] = [[] for _ in range(count)]
    for start in range(0, len(order), count):
        places = rng.permutation(count)
        for place, name in zip(places, order[start : start + count], strict=False):
            dealt[place].append(name)
    return dealt


def _validation(data: Dataset, others: Sequence[str], wanted: int, rng: np.random.Generator) -> list[str]:
    """Choose patients with a middling burden: neither the largest tumours nor none may decide when to stop."""
    shown = sorted((name for name in others if _burden(data, name)), key=lambda name: _burden(data, name))
    middle = shown[len(shown) // 4 :] if len(shown) - len(shown) // 4 >= wanted else list(others)
    chosen = rng.choice(len(middle), size=min(wanted, len(middle)), replace=False)
    return sorted(middle[int(k)] for k in chosen)
