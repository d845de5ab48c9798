"""Labels that a trained network gives to CTs nobody has labelled, as far as it is sure of them, to learn from.

D.-H. Lee, Pseudo-Label, ICML Workshop 2013. A slice is kept or left as a whole: a mask with a hole where the network
hesitates would teach that there is nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import LearningError, LobuleError
from core.imaging.grid import Grid
from core.imaging.reading import read_volume
from core.imaging.window import Window
from core.learning.cases import VALUES, Case, label_map
from core.learning.dataset import Dataset, Progress, read_dataset
from core.learning.finders import Finder, Probabilities, unlabelled
from core.learning.pairing import FilePair, find_images
from core.segmentation.cachefolder import replacing

ABOUT = "pseudo.json"
_ASKED = 0.1  # voxels less likely than this are background that nobody asks about


@dataclass(frozen=True)
class Kept:
    """What became of the slices of some CTs.

    Attributes:
        slices: Looked at.
        kept: Of them, with labels the network is sure of.
        tumour: Of those, with tumour.
        skipped: A sentence for every file that was left out.
    """

    slices: int
    kept: int
    tumour: int
    skipped: tuple[str, ...]


def pseudo_label(
    source: Path, finder: Finder, window: Window, out: Path, *, cut: float, model: str, progress: Progress | None = None
) -> Kept:
    """Label CTs or pictures, and write the slices that are sure as a training folder.

    Args:
        source: Folder of CTs or of pictures ``NAME_sliceNNN``; if it has ``images/``, that.
        finder: Labels them.
        window: In which it is shown CTs; pictures are taken as they are.
        out: New folder for ``images/`` and ``masks/`` (0 background, 1 liver, 2 tumour).
        cut: Least sureness of a slice, from 0 to 1; see `sureness`.
        model: What labels, in words, for ``pseudo.json``.
        progress: Called before each case with how many are done, how many there are, and its name.

    Raises:
        LearningError: There is nothing to label, or ``out`` holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise LearningError(f"{out} is not empty. Choose a new folder for the labels.")
    stacks = find_images(source)
    counts, skipped = np.zeros(3, int), []
    for done, (name, files) in enumerate(stacks.items()):
        if progress:
            progress(done, len(stacks), name)
        try:
            case = _case(name, files, window)
        except LobuleError as problem:
            skipped.append(f"{files[0].image.name} was left out: {problem}")
            continue
        counts += _labelled(case, finder, out, cut)
    slices, sure, tumour = counts.tolist()
    kept = Kept(slices, sure, tumour, tuple(skipped))
    told = {
        "model": model, "cut": cut, "level_hu": window.level_hu, "width_hu": window.width_hu, "slices": kept.slices,
        "kept": kept.kept, "with tumour": kept.tumour,
    }  # fmt: skip
    with replacing(out / ABOUT) as file:
        file.write((json.dumps(told, indent=1) + "\n").encode())
    return kept


def read_extra(folder: Path, window: Window, values: Mapping[int, int]) -> Dataset:
    """Read cases that are only learnt from.

    Args:
        folder: What `pseudo_label` made, or other labelled CTs or pictures.
        window: Of the training.
        values: As for `dataset.read_dataset`; what `pseudo_label` made has values of its own.

    Raises:
        LearningError: They were made in another window, or nothing in the folder can be used.
    """
    if not (folder / ABOUT).is_file():
        return read_dataset(folder, window, values=values)
    made = _window_of(folder / ABOUT)
    if made != window:
        raise LearningError(
            f"The pictures in {folder} were made with {_in_words(made)}, and the training looks at CTs with "
            f"{_in_words(window)}: its network would learn two kinds of grey. Train with --window {made.level_hu:g} "
            f"{made.width_hu:g}, or label with a network of the other window."
        )
    return read_dataset(folder, window, values=VALUES)


def _window_of(about: Path) -> Window:
    try:
        told = json.loads(about.read_text(encoding="utf-8"))
        return Window(float(told["level_hu"]), float(told["width_hu"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LearningError(
            f"{about} does not say in which window its pictures were made. Make them anew with: python -m core pseudo"
        ) from error


def _in_words(window: Window) -> str:
    return f"level {window.level_hu:g} HU and width {window.width_hu:g} HU"


def sureness(probabilities: Probabilities) -> float:
    """Return how sure a finder is of a slice: the mean of \\|2p - 1\\| over what it asks itself about.

    Args:
        probabilities: ``(2, H, W)`` of liver and of tumour.

    Returns:
        From 0 to 1 for the less sure of both; 1 where neither is likely anywhere.
    """
    sure = [np.abs(2 * one[one > _ASKED] - 1).mean() for one in probabilities if (one > _ASKED).any()]
    return float(min(sure, default=1.0))


def _labelled(case: Case, finder: Finder, out: Path, cut: float) -> npt.NDArray[np.int_]:
    counts = np.zeros(3, int)
    for z, found in enumerate(finder.probabilities(case, range(case.slices))):
        counts[0] += 1
        if sureness(found) >= cut:
            labels = label_map(found)
            counts[1:] += 1, int((labels == 2).any())
            for folder, picture in (("images", case.grey[z]), ("masks", labels)):
                path = out / folder / f"{case.name}_slice{case.numbers[z]:04d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path)
    return counts


def _case(name: str, files: tuple[FilePair, ...], window: Window) -> Case:
    volume = read_volume([file.image for file in files] if files[0].is_picture else files[0].image)
    case = unlabelled(volume, window)
    known = tuple(file.number for file in files if file.number is not None)
    numbers = known if len(known) == case.slices else case.numbers
    grid = Grid.from_geometry(case.grey.shape, has_spacing=False)
    return Case(name, files[0].patient, case.grey, case.labels, numbers, grid)
