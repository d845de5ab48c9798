"""Lobule without a browser: CTs, models and cases, boxes into masks, score, export, report and replay."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from core.editing.annotation import Annotation
from core.errors import LobuleError
from core.imaging.files import counted
from core.imaging.reading import SeveralSeries
from core.imaging.samples import SAMPLES
from core.imaging.writing import write_mask
from core.reporting import report_command
from core.reporting.command import add_arguments
from core.reporting.export import command as exporting
from core.segmentation.prompt import Prompt
from core.workspace import batching, case_commands, comparing, finding, propagating, pseudo_labelling, training
from core.workspace.arguments import (
    add_boxes,
    add_label,
    add_model,
    add_output,
    box_of,
    check_fit,
    check_output,
    label_value,
    labels_with,
    open_ct,
    print_notes,
    window_of,
)  # fmt: skip

# Name, what it takes besides, adds its arguments, help, examples
_Command = tuple[str, list[argparse.ArgumentParser], Callable[[argparse.ArgumentParser], object], str, str | None]

_EXAMPLES = """examples:
  python -m core info sample:phantom
  python -m core segment sample:phantom --box 25 105 39 143 83 -o tumour.nii.gz
  python -m core segment sample:lits-117 --box 86 0 47 33 95 -o tumour.seg.nrrd
  python -m core segment ct.nii.gz --box 61 200 140 260 215 --box 62 198 141 261 214 --label liver -o liver.seg.nrrd
  python -m core segment dicom_folder --series acef77331b --box 40 90 80 130 120 --window 60 200 -o tumour.nrrd
  python -m core propagate sample:phantom --box 26 105 39 143 83 -o tumour.nii.gz
  python -m core propagate ct.nii.gz --box 61 200 140 260 215 --box 70 205 150 250 210 --last 74 -o vein.nrrd
  python -m core batch folder_of_cts --prompts boxes.csv --propagate --jobs 2 -o masks
  python -m core train unet --data lits --name liver-unet
  python -m core compare --data lits --folds 3 --out table
  python -m core predict ct.nii.gz --model liver-unet -o mask.nii.gz
  python -m core score predicted.nii.gz drawn.nii.gz --label 2=tumour --nsd-mm 1
  python -m core score predicted_folder drawn_folder --csv scores.csv --json scores.json
  python -m core score predicted.zip drawn.zip --html report.html --jobs 4 --as monai
  python -m core score predicted_folder drawn_folder --backend dask --scheduler tcp://host:8786
  python -m core cases --search portal --sort ml
  python -m core audit 3f2a91 -o record.json
  python -m core replay record.json -o mask.nii.gz
  python -m core export dicom_folder mask.nii.gz --to dicomseg -o seg.dcm
  python -m core report dicom_folder mask.nii.gz --language zh -o report.pdf

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
    volume = open_ct(chosen.ct, chosen.series)
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
    print_notes(volume)
    return 0


def models(chosen: argparse.Namespace) -> int:
    """Print the models that can be loaded, and what is wrong with the others."""
    from core.learning.trained import available_networks  # torch: seconds
    from core.segmentation import choosing, weights

    found = weights.available()
    for card in found.cards:
        prompts = "boxes and points" if card.takes_points else "boxes"
        print(f"{card.name:<16}{card.title}; {prompts}; window {card.window}; {card.megabytes:.0f} MB; {card.licence}")
        engine = choosing.told(card)
        print(
            f"{'':<16}{f'{engine.name}. {engine.reason}' if engine else 'Its engine is chosen when it is first used.'}"
        )
    networks, problems = available_networks()
    for network in networks:
        print(f"{network.name:<16}{network.title}; asks for nothing; window {network.window}; {network.licence}")
    for problem in (*found.problems, *problems):
        print(f"note: {problem}")
    return 0


def segment(chosen: argparse.Namespace) -> int:
    """Segment every box, print a line for each and save all as one label map."""
    check_output(chosen.output, chosen.ct)
    window = window_of(chosen.window)
    volume = open_ct(chosen.ct, chosen.series)
    check_fit(chosen.output, volume)
    boxes = [box_of(numbers, volume) for numbers in chosen.box]
    from core.segmentation import embeddings, weights  # torch: seconds

    segmenter = weights.load(chosen.model or weights.DEFAULT)
    kept = embeddings.Embeddings(2**28)
    annotation = Annotation(volume.grid, labels_with(chosen.label))
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
    print_notes(volume)
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
    for name, parents, add, told, examples in (
        *_drawing(ct, _EXAMPLES.format(samples=samples)), *_learning(ct), *_results(),
    ):  # fmt: skip
        raw = argparse.RawDescriptionHelpFormatter
        add(commands.add_parser(name, parents=parents, help=told, epilog=examples, formatter_class=raw))
    return parser


def _drawing(ct: argparse.ArgumentParser, examples: str) -> tuple[_Command, ...]:
    return (
        ("segment", [ct], _add_segment, "turn boxes into a mask on the CT's own grid", examples),
        ("propagate", [ct], propagating.add_arguments, "turn boxes round one object into all its slices", None),
        ("batch", [], batching.add_arguments, "segment every box in a file of prompts, on a folder of CTs", None),
    )


def _learning(ct: argparse.ArgumentParser) -> tuple[_Command, ...]:
    add_compare = partial(comparing.add_arguments, report=_study_report)
    return (
        ("predict", [ct], finding.add_arguments, "find liver and tumours of a CT with a network", finding.EXAMPLES),
        ("train", [], training.add_arguments, "train a network, or SAM, on labelled CTs", training.EXAMPLES),
        ("pseudo", [], pseudo_labelling.add_arguments,
         "label CTs nobody has labelled where a network is sure, to learn from", pseudo_labelling.EXAMPLES),
        ("compare", [], add_compare, "train and test every model by cross-validation, in one table",
         comparing.EXAMPLES),
    )  # fmt: skip


def _results() -> tuple[_Command, ...]:
    add_score = partial(add_arguments, label=label_value)
    return (
        ("score", [], add_score, "compare masks with labels somebody drew, a pair or two folders", None),
        ("cases", [], case_commands.add_cases, "list the cases that are kept on this computer, mark or delete one",
         None),
        ("audit", [], case_commands.add_audit, "what a case cost, and the record of how its masks came about", None),
        ("replay", [], case_commands.add_replay,
         "do what a record says again, and say whether the mask is the same", None),
        ("export", [], exporting.add_arguments, "write a mask as DICOM-SEG, RTSTRUCT, STL, a table and more",
         exporting.EXAMPLES),
        ("report", [], report_command.add_arguments,
         "measure a mask and write it down as a page or PDF, with pictures", report_command.EXAMPLES),
    )  # fmt: skip


def _add_segment(command: argparse.ArgumentParser) -> None:
    add_boxes(command, "may be repeated")
    add_label(command)
    add_model(command)
    add_output(command)
    command.set_defaults(run=segment)


def _study_report(folder: Path) -> str:
    from core.reporting.study import study_report  # torch and plotly: seconds

    return study_report(folder, title=folder.absolute().name, created=datetime.now().astimezone())


if __name__ == "__main__":
    sys.exit(main())
