"""Lobule without a browser: look at a CT, list the models, turn boxes into a mask file, score masks."""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from core.editing.annotation import Annotation
from core.errors import LobuleError, PromptError, WriteError
from core.imaging.files import counted
from core.imaging.label import DEFAULT_LABELS, Label
from core.imaging.reading import SeveralSeries, read_volume
from core.imaging.samples import SAMPLES, open_sample
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.imaging.writing import SUFFIXES, suffix_of, write_mask
from core.reporting.command import add_arguments
from core.segmentation.prompt import Box, Prompt

_EXAMPLES = """examples:
  python -m core info sample:phantom
  python -m core segment sample:phantom --box 25 105 39 143 83 -o tumour.nii.gz
  python -m core segment sample:lits-117 --box 86 0 47 33 95 -o tumour.seg.nrrd
  python -m core segment ct.nii.gz --box 61 200 140 260 215 --box 62 198 141 261 214 --label liver -o liver.seg.nrrd
  python -m core segment dicom_folder --series acef77331b --box 40 90 80 130 120 --window 60 200 -o tumour.nrrd
  python -m core score predicted.nii.gz drawn.nii.gz --label 2=tumour --nsd-mm 1
  python -m core score predicted_folder drawn_folder --csv scores.csv --json scores.json
  python -m core score predicted.zip drawn.zip --html report.html --jobs 4 --as monai
  python -m core score predicted_folder drawn_folder --backend dask --scheduler tcp://host:8786

A CT is a NIfTI, NRRD or MetaImage file, a folder or zip of DICOM, a picture, or one of: {samples}.
Boxes are in voxels as on the screen of the app: Z counts slices from 1 at the feet; rows Y grow to the
patient's back and columns X to the patient's left, both from 0; Y1 and X1 are the first beyond the box.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 2 if the user has something to mend."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except SeveralSeries as error:
        print(error, file=sys.stderr)
        for choice in error.choices:
            size = f"{counted(choice.slices, 'slice')} of {choice.size[0]} × {choice.size[1]}"
            print(f"  --series {choice.key}  {choice.description}, {choice.modality}, {size}", file=sys.stderr)
    except LobuleError as error:
        print(error, file=sys.stderr)
    return 2


def info(chosen: argparse.Namespace) -> int:
    """Print what is known of a CT; never who the patient is."""
    volume = _open(chosen.ct, chosen.series)
    z, y, x = volume.grid.spacing
    spacing = f"{z:g} × {y:g} × {x:g} mm" if volume.grid.has_spacing else "not known"
    rows = {
        "slices × rows × columns": " × ".join(str(n) for n in volume.grid.shape),
        "voxel size": spacing,
        "file orientation": volume.source.grid.orientation,
        "values": f"{volume.hu.min()} to {volume.hu.max()}, {volume.intensity.value}",
        "modality": volume.source.modality or "not stated",
        "format": volume.source.format,
        "series": volume.source.description or "not described",
    }
    for name, value in rows.items():
        print(f"{name:<24}{value}")
    _print_notes(volume)
    return 0


def models(chosen: argparse.Namespace) -> int:
    """Print the models that can be loaded, and what is wrong with the others."""
    from core.segmentation import choosing, weights  # torch: seconds

    found = weights.available()
    for card in found.cards:
        prompts = "boxes and points" if card.takes_points else "boxes"
        print(f"{card.name:<16}{card.title}; {prompts}; window {card.window}; {card.megabytes:.0f} MB; {card.licence}")
        engine = choosing.told(card)
        print(
            f"{'':<16}{f'{engine.name}. {engine.reason}' if engine else 'Its engine is chosen when it is first used.'}"
        )
    for problem in found.problems:
        print(f"note: {problem}")
    return 0


def segment(chosen: argparse.Namespace) -> int:
    """Segment every box, print a line for each and save all as one label map."""
    _check_output(chosen.output, chosen.ct)
    window = _window(chosen.window)
    volume = _open(chosen.ct, chosen.series)
    _check_fit(chosen.output, volume)
    boxes = [_box(numbers, volume) for numbers in chosen.box]
    from core.segmentation import embeddings, weights  # torch: seconds

    segmenter = weights.load(chosen.model or weights.DEFAULT)
    kept = embeddings.Embeddings(2**28)
    annotation = Annotation(volume.grid, _labels(chosen.label))
    window = window or segmenter.card.window
    for z, box in boxes:
        start = time.perf_counter()
        found = embeddings.segment_slice(volume, z, Prompt(box), segmenter, kept, window)
        seconds = time.perf_counter() - start
        outline = annotation.add(
            z, found.mask, chosen.label, box=box, score=found.score, model=segmenter.card, window=window
        )
        name = annotation.label(chosen.label).name
        area = f"{annotation.area_mm2(outline):.0f} mm², " if volume.grid.has_spacing else ""
        print(
            f"slice {z + 1}: {name}, {area}{counted(outline.voxels, 'voxel')}, score {found.score:.2f} "
            f"({segmenter.card.name}'s own estimate), {seconds:.2f} s on {segmenter.device}"
        )
    path = write_mask(annotation.label_map(), volume, chosen.output, annotation.labels)
    _print_notes(volume)
    print(f"saved {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    samples = ", ".join(f"sample:{sample.name}" for sample in SAMPLES)
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Lobule without a browser. Not a medical device; research use only.",
        epilog=_EXAMPLES.format(samples=samples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ct = argparse.ArgumentParser(add_help=False)
    ct.add_argument("ct", metavar="CT", help=f"a file, a folder, or one of {samples}")
    ct.add_argument("--series", metavar="KEY", help="which series, if there are several; `info` lists them")

    command = commands.add_parser("info", parents=[ct], help="size, spacing, orientation, values and notes of a CT")
    command.set_defaults(run=info)
    command = commands.add_parser("models", help="which models can be loaded")
    command.set_defaults(run=models)
    command = commands.add_parser(
        "segment",
        parents=[ct],
        help="turn boxes into a mask on the CT's own grid",
        epilog=_EXAMPLES.format(samples=samples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--box", nargs=5, type=int, action="append", required=True, metavar=("Z", "Y0", "X0", "Y1", "X1"),
        help="slice from 1, then half-open rows and columns; may be repeated",
    )  # fmt: skip
    command.add_argument("--label", type=_label, default=2, help="tumour (default), liver, or a number 1–255")
    command.add_argument("--model", metavar="NAME", help="as `models` lists it")
    command.add_argument(
        "--window", nargs=2, type=_finite, metavar=("LEVEL", "WIDTH"),
        help="HU window fed to the model, instead of the one it was trained on",
    )  # fmt: skip
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help=f"ends in {' '.join(SUFFIXES)} (a single slice); an existing file is replaced",
    )  # fmt: skip
    command.set_defaults(run=segment)
    command = commands.add_parser("score", help="compare masks with labels somebody drew, a pair or two folders")
    add_arguments(command, _label)
    return parser


def _finite(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text} is not a number of HU; a window is two of them, such as 40 400")
    return number


def _label(text: str) -> int:
    named = {label.name: label.value for label in DEFAULT_LABELS}
    if text.isdecimal() and 1 <= int(text) <= 255:
        return int(text)
    if text.lower() not in named:
        raise argparse.ArgumentTypeError(f"{text!r} is neither {' nor '.join(named)} nor a number from 1 to 255")
    return named[text.lower()]


def _labels(value: int) -> tuple[Label, ...]:
    """Return the usual labels, and one called after its number if ``value`` is not among them."""
    known = value in {label.value for label in DEFAULT_LABELS}
    return DEFAULT_LABELS if known else (*DEFAULT_LABELS, Label(value, f"label {value}", (96, 160, 255)))


def _window(numbers: Sequence[float] | None) -> Window | None:
    if numbers is None:
        return None
    level, width = numbers
    try:
        return Window(level, width)
    except ValueError as error:
        raise PromptError(f"A window needs a width of at least 1 HU, not {width:g}. Change --window.") from error


def _box(numbers: Sequence[int], volume: Volume) -> tuple[int, Box]:
    """Return slice from 0 and box of the five numbers of ``--box``."""
    slice_number, *edges = numbers
    if not 1 <= slice_number <= volume.slices:
        raise PromptError(f"There is no slice {slice_number}: this CT has slices 1 to {volume.slices}. Change --box.")
    return slice_number - 1, Box(*edges).clip((volume.grid.shape[1], volume.grid.shape[2]))


def _check_output(path: Path, ct: str) -> None:
    """Find out before the slow part whether a result can be saved under this name."""
    suffix_of(path.name)
    if not path.parent.is_dir():
        raise WriteError(f"The folder {path.parent} does not exist. Create it or choose another one.")
    if path.is_dir():
        raise WriteError(f"{path} is a folder. Give the mask the name of a file.")
    if path.exists() and Path(ct).exists() and path.samefile(ct):
        raise WriteError(f"{path} is the CT itself. Give the mask another name.")


def _check_fit(path: Path, volume: Volume) -> None:
    slices = volume.source.grid.shape[0]
    if suffix_of(path.name) == ".png" and slices != 1:
        raise WriteError(f"A PNG holds one slice, this CT has {slices}. Save the mask as .nii.gz or .nrrd.")


def _open(text: str, series: str | None) -> Volume:
    if text.startswith("sample:"):
        return open_sample(text.removeprefix("sample:"))[0]
    return read_volume(Path(text), series=series)


def _print_notes(volume: Volume) -> None:
    for note in volume.source.notes:
        print(f"note: {note}")


if __name__ == "__main__":
    sys.exit(main())
