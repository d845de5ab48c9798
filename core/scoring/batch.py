"""Files in, scorecards out: one pair or two folders of them, and a bad file is a row and not the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import LobuleError, ReadError
from core.imaging.matching import laid_on
from core.imaging.reading import read_labels, read_mask, read_volume
from core.scoring.scorecard import Scorecard, score

_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".zip", ".dcm", ".png")


@dataclass(frozen=True)
class Pair:
    """Two files of one case.

    Attributes:
        case: Their shared name without its ending.
        predicted: None if there is no such file.
        reference: None if there is no such file.
    """

    case: str
    predicted: Path | None
    reference: Path | None


@dataclass(frozen=True, eq=False)
class Row:
    """What became of a case: a card, or a sentence that says why there is none."""

    case: str
    card: Scorecard | None
    problem: str = ""


def pairs(predicted: Path, reference: Path) -> list[Pair]:
    """Match two files, or the files of two folders by their names without ending, in the order of names.

    Raises:
        ReadError: A path does not exist, one is a file and the other a folder, or nothing matches.
    """
    for path in (predicted, reference):
        if not path.exists():
            raise ReadError(f"{path} does not exist. Check the path.")
    if predicted.is_file() and reference.is_file():
        return [Pair(_case(predicted), predicted, reference)]
    if predicted.is_file() or reference.is_file():
        raise ReadError("One path is a file and the other a folder. Give two files, or two folders.")
    ours, theirs = _by_case(predicted), _by_case(reference)
    if not ours.keys() & theirs.keys():
        raise ReadError(f"No file in {predicted} has the name of one in {reference}. Name both alike, as in case1.nii.")
    return [Pair(case, ours.get(case), theirs.get(case)) for case in sorted(ours.keys() | theirs.keys())]


def score_pair(
    pair: Pair,
    *,
    ct: Path | None = None,
    labels: Mapping[int, str] | None = None,
    tolerance_mm: float = 2.0,
) -> Scorecard:
    """Read two files and score them.

    Args:
        pair: From `pairs`.
        ct: What both were drawn on; it tells where labels lie that do not say so themselves.
        labels: As for `scorecard.score`.
        tolerance_mm: As for `scorecard.score`.

    Raises:
        LobuleError: A file is missing, cannot be read or lies on another grid; the text says which.
    """
    if pair.predicted is None or pair.reference is None:
        there, missing = ("reference", "prediction") if pair.predicted is None else ("prediction", "reference")
        raise ReadError(f"{pair.case} has a {there} and no {missing}. Add the file, or take the other away.")
    if ct is None:
        reference = read_labels(pair.reference)
        predicted = laid_on(read_labels(pair.predicted), reference.grid, "The prediction", "the reference")
    else:
        volume = read_volume(ct)
        reference, predicted = (read_mask(path, volume) for path in (pair.reference, pair.predicted))
    return score(predicted, reference, labels=labels, tolerance_mm=tolerance_mm, case=pair.case)


def score_all(
    found: list[Pair], *, labels: Mapping[int, str] | None = None, tolerance_mm: float = 2.0
) -> Iterator[Row]:
    """Score pair after pair; what cannot be scored becomes a row with its reason."""
    for pair in found:
        try:
            yield Row(pair.case, score_pair(pair, labels=labels, tolerance_mm=tolerance_mm))
        except LobuleError as error:
            yield Row(pair.case, None, str(error))


def _by_case(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.name.lower().endswith(_SUFFIXES):
            continue
        case = _case(path)
        if case in found:
            raise ReadError(f"{folder} holds two files of case {case}: {found[case].name} and {path.name}. Keep one.")
        found[case] = path
    return found


def _case(path: Path) -> str:
    ending = next((suffix for suffix in _SUFFIXES if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(ending)]
