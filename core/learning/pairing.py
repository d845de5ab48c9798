"""Which files of a training folder belong together: CTs with labels, or pictures with masks, and whose they are.

==========================================  ==================================================================
in the folder                               is
==========================================  ==================================================================
``images/x.*`` with ``masks/x.png``         a picture and its mask (also ``labels/``)
``img_i.png`` with ``mask_i.png``           the same, side by side
``images/x.nii.gz`` with ``labels/x.nii``   a CT and its labels (also ``imagesTr/``, ``labelsTr/``, ``masks/``)
``volume-i.nii`` with ``segmentation-i``    the same, side by side (also ``ct-i`` with ``label-i``)
``slices.csv`` or ``patients.csv``          columns ``name`` and ``patient``: whose a picture or CT is
==========================================  ==================================================================

Without a table a name like ``patient003_slice120`` tells the patient and the slice; any other name stands for a
patient of its own.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import LearningError
from core.imaging.files import is_junk, natural

_IMAGES, _MASKS = ("images", "imagesTr", "cts"), ("masks", "labels", "labelsTr")
_BEGINNINGS = (("img", "mask"), ("image", "mask"), ("volume", "segmentation"), ("ct", "label"))
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha", *_PICTURES)
_TABLES = ("patients.csv", "slices.csv")
_SLICE = re.compile(r"(?P<patient>.+?)[_-]?(?:slice|z)[_-]?(?P<number>\d+)$", re.IGNORECASE)


@dataclass(frozen=True)
class FilePair:
    """Two files that belong together.

    Attributes:
        name: Of both, without what tells them apart.
        patient: Whose they are.
        number: Of the slice, or None if the file is a whole CT or its name does not say.
        image: CT or picture.
        mask: Its labels.
    """

    name: str
    patient: str
    number: int | None
    image: Path
    mask: Path

    @property
    def is_picture(self) -> bool:
        """Whether it is one slice rather than a CT."""
        return self.image.suffix.lower() in _PICTURES


@dataclass(frozen=True)
class Pairs:
    """What a folder holds.

    Attributes:
        stacks: The files of each case by its name: one CT, or the pictures of one patient in natural order.
        alone: Names of files without a partner.
    """

    stacks: Mapping[str, tuple[FilePair, ...]]
    alone: tuple[str, ...]


def find_pairs(folder: Path) -> Pairs:
    """Look which files of a folder belong together.

    Raises:
        LearningError: The folder does not exist, or nothing in it belongs together.
    """
    if not folder.is_dir():
        raise LearningError(f"{folder} is no folder. Give the folder of the training data.")
    images, masks = _sides(folder)
    shared = sorted(images.keys() & masks.keys(), key=natural)
    if not shared:
        raise LearningError(
            f"{folder.name} holds no images with masks: {len(images)} images and {len(masks)} masks have no name in "
            "common. Put images/NAME and masks/NAME, or img_1.png and mask_1.png, into it."
        )
    owners = _owners(folder)
    stacks: dict[str, list[FilePair]] = defaultdict(list)
    for name in shared:
        pair = _pair(name, images[name], masks[name], owners)
        stacks[pair.patient if pair.is_picture else pair.name].append(pair)
    alone = [files[name].name for files in (images, masks) for name in files.keys() - set(shared)]
    return Pairs({name: tuple(found) for name, found in stacks.items()}, tuple(sorted(alone, key=natural)))


def find_images(folder: Path) -> dict[str, tuple[FilePair, ...]]:
    """Return what a folder holds without asking for masks: the files of each case, whose `mask` is the image itself.

    Raises:
        LearningError: The folder does not exist, or holds neither CTs nor pictures.
    """
    if not folder.is_dir():
        raise LearningError(f"{folder} is no folder. Give a folder of CTs or of pictures.")
    place = next((folder / name for name in _IMAGES if (folder / name).is_dir()), folder)
    owners = _owners(folder)
    stacks: dict[str, list[FilePair]] = defaultdict(list)
    for name, path in sorted(_named(place), key=lambda found: natural(found[0])):
        pair = _pair(name, path, path, owners)
        stacks[pair.patient if pair.is_picture else pair.name].append(pair)
    if not stacks:
        raise LearningError(f"{folder} holds neither CTs nor pictures. Give a folder of CTs or of pictures.")
    return {name: tuple(found) for name, found in stacks.items()}


def _pair(name: str, image: Path, mask: Path, owners: Mapping[str, str]) -> FilePair:
    told = _SLICE.match(name)
    patient = owners.get(name) or (told["patient"] if told else name)
    return FilePair(name, patient, int(told["number"]) if told else None, image, mask)


def _sides(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return images and masks by the name they share."""
    image_folder = next((folder / name for name in _IMAGES if (folder / name).is_dir()), None)
    mask_folder = next((folder / name for name in _MASKS if (folder / name).is_dir()), None)
    if image_folder and mask_folder:
        masks = dict(_named(mask_folder))
        images = {name: path for name, path in _named(image_folder)}
        return {_alike(name, masks): path for name, path in images.items()}, masks
    for image, mask in _BEGINNINGS:
        found = dict(_named(folder))
        images, masks = _rest(found, image), _rest(found, mask)
        if images and masks:
            return images, masks
    return {}, {}


def _alike(name: str, masks: Mapping[str, Path]) -> str:
    """Return the name of the mask of an image: ``liver_1_0000`` is the first channel of ``liver_1``."""
    shorter = name.removesuffix("_0000")
    return shorter if name not in masks and shorter in masks else name


def _rest(found: Mapping[str, Path], beginning: str) -> dict[str, Path]:
    told = re.compile(rf"{beginning}[_-]?(?P<rest>.+)", re.IGNORECASE)
    return {match["rest"]: path for name, path in found.items() if (match := told.fullmatch(name))}


def _named(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        ending = next((e for e in _ENDINGS if path.name.lower().endswith(e)), None)
        if ending and path.is_file() and not is_junk(path.name):
            yield path.name[: -len(ending)], path


def _owners(folder: Path) -> dict[str, str]:
    table = next((folder / name for name in _TABLES if (folder / name).is_file()), None)
    if table is None:
        return {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return {row["name"]: _patient(row["patient"]) for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError) as error:
        raise LearningError(f"{table.name} must be a table with the columns name and patient. Correct it.") from error


def _patient(text: str) -> str:
    return f"patient{int(text):03d}" if text.isdecimal() else text
