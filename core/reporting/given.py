"""What the commands that export and report are given: a CT and a mask on it as files, or a case that is kept."""

import argparse
import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.editing.annotation import DEFAULT_LABELS
from core.errors import CaseError, ReadError, WriteError
from core.imaging.reading import read_mask
from core.imaging.samples import open_sample
from core.imaging.volume import Mask, Volume
from core.reporting.making import Making, making_of
from core.reporting.segmented import Segmented
from core.workspace.arguments import label_value, open_ct, print_notes
from core.workspace.kept import Window
from core.workspace.library import Library

_SAMPLE = "sample:"


def add_inputs(command: argparse.ArgumentParser) -> None:
    """Let a command take a CT and a mask, or a case."""
    command.add_argument(
        "ct", metavar="CT", help="the image: a file, a folder or zip of DICOM, or sample:NAME; or a case that is kept, "
        "by the beginning of its key or its name, as `cases` lists it",
    )  # fmt: skip
    command.add_argument(
        "mask",
        nargs="?",
        metavar="MASK",
        help="labels drawn on it: a file, or sample:NAME for its own; none for a case",
    )
    command.add_argument("--reader", default="", metavar="INITIALS", help="whose masks of a case, if there are several")
    command.add_argument("--series", metavar="KEY", help="which series, if there are several; `info` lists them")
    command.add_argument(
        "--label", type=label_value, action="append", default=[], metavar="N",
        help="tumour, liver, or a number 1–255: only this one; may be repeated; all by default",
    )  # fmt: skip
    command.add_argument(
        "--prompts", type=Path, metavar="FILE", help="the record (.json) saved with the mask: how it was made"
    )


def opened(chosen: argparse.Namespace, reference: Path | None = None) -> Segmented:
    """Open what `add_inputs` takes.

    Args:
        chosen: The arguments.
        reference: Labels to compare with.

    Raises:
        LobuleError: Something cannot be opened, does not fit, or is not there.
    """
    if chosen.mask is None:
        return _of_case(chosen, reference)
    volume = open_ct(chosen.ct, chosen.series)
    print_notes(volume)
    mask = _only(_mask(chosen.mask, volume), chosen.label)
    for note in mask.notes:
        print(f"note: {note}")
    making = _making(chosen.prompts, volume)
    return Segmented.of_mask(volume, mask, making, _mask(str(reference), volume) if reference else None)


def _of_case(chosen: argparse.Namespace, reference: Path | None) -> Segmented:
    """Open what a reader has drawn on a case that is kept, with the record of how."""
    if chosen.ct.startswith(_SAMPLE) or Path(chosen.ct).exists():
        raise ReadError(f"{chosen.ct} is a CT. Give the mask that was drawn on it too, or a case as `cases` lists it.")
    if chosen.prompts is not None:
        raise ReadError("A case has its own record of prompts. Leave out --prompts.")
    library = Library()
    window = Window(chosen.reader, only_looks=True)
    with contextlib.closing(library.reopen(library.find(chosen.ct), window)) as kept:
        if not kept.annotation.outlines:
            there = ", ".join(reader or "without initials" for reader in kept.readers) or "nobody"
            raise CaseError(f"This reader has drawn nothing on the case; {there} did. Choose with --reader.")
        truth = _mask(str(reference), kept.volume) if reference else None
        made = Segmented.of_annotation(kept.volume, kept.annotation, truth)
    return replace(made, mask=_only(made.mask, chosen.label))


def refuse_overwriting(chosen: argparse.Namespace, *others: Path | None) -> None:
    """Raise WriteError if the output cannot be written, or is one of the inputs."""
    output: Path = chosen.output
    if not output.parent.is_dir():
        raise WriteError(f"The folder {output.parent} does not exist. Create it or choose another one.")
    if output.is_dir():
        raise WriteError(f"{output} is a folder. Give the name of a file.")
    inputs = [Path(chosen.ct), chosen.mask and Path(chosen.mask), chosen.prompts, *others]
    if output.exists() and any(path and path.exists() and output.samefile(path) for path in inputs):
        raise WriteError(f"{output} is one of the files to read. Choose another name.")


def _mask(text: str, volume: Volume) -> Mask:
    if not text.startswith(_SAMPLE):
        return read_mask(Path(text), volume)
    return open_sample(text.removeprefix(_SAMPLE))[1]


def _only(mask: Mask, labels: list[int]) -> Mask:
    if not labels:
        return mask
    voxels = mask.voxels.view(np.uint8)
    kept = np.where(np.isin(voxels, labels), voxels, 0).astype(np.uint8)
    missing = [value for value in dict.fromkeys(labels) if not (kept == value).any()]
    if missing:
        names = {label.value: label.name for label in DEFAULT_LABELS} | dict(mask.names)
        raise ReadError(f"The mask does not hold {names.get(missing[0], f'label {missing[0]}')}. Change --label.")
    return replace(mask, voxels=kept)


def _making(path: Path | None, volume: Volume) -> Making | None:
    if path is None:
        return None
    try:
        making = making_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path.name} cannot be read. Check that it is the .json saved with the mask.") from error
    if making.image != volume.key:
        raise ReadError(
            f"{path.name} tells of a mask on another CT: the fingerprints differ. Give the record saved with this mask."
        )
    return making
