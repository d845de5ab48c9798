"""The ``export`` command: labels that were drawn on a CT, in the formats that other programs take."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from core.errors import WriteError
from core.imaging.files import in_bytes
from core.reporting.export.kinds import NAMES_PATIENT, SUFFIXES, Kind
from core.reporting.given import add_inputs, opened, refuse_overwriting

_ALL = "all"
_HELP = (
    f"one or more of {', '.join(Kind)}, or {_ALL}: every one that does not name the patient "
    f"({' and '.join(NAMES_PATIENT)} do: ask for them by name)"
)
EXAMPLES = """examples:
  python -m core export sample:phantom sample:phantom --to stl --label tumour -o tumour.stl
  python -m core export dicom_folder mask.nii.gz --to dicomseg -o seg.dcm
  python -m core export dicom_folder mask.seg.nrrd --to rtstruct --prompts mask-prompts.json -o structures.dcm
  python -m core export ct.nii.gz mask.nii.gz --to csv -o quantities.csv
  python -m core export dicom_folder mask.nii.gz --to all dicomseg -o case.zip
  python -m core export 3f2a91 --to nifti -o labels.nii.gz
  python -m core export 3f2a91 --to rtstruct --source dicom_folder -o structures.dcm

dicomseg and rtstruct are written for the DICOM series that CT is, and name its patient. A name that ends in
.zip takes several formats, several surfaces or pictures. An existing file is replaced. Of a case that is kept,
--source gives the series again: what names the patient was not kept.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_inputs(command)
    command.add_argument("--to", nargs="+", required=True, choices=[*Kind, _ALL], metavar="FORMAT", help=_HELP)
    command.add_argument("--source", type=Path, metavar="DICOM", help="the series of a case, for dicomseg and rtstruct")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="what to write")
    command.set_defaults(run=export)


def export(chosen: argparse.Namespace) -> int:
    """Write what was asked for; return 0, or 1 if a part of a zip could not be made."""
    refuse_overwriting(chosen)
    kinds = _kinds(chosen.to)
    is_zip = chosen.output.suffix.lower() == ".zip"
    if not is_zip:
        _check_name(chosen.output, kinds)
    from core.reporting.export.bundle import everything, exported, save, zipped  # highdicom, numba: 2 s

    segmented = opened(chosen)
    source = chosen.source or (Path(chosen.ct) if chosen.mask else None)
    left_out: dict[Kind, str] = {}
    if len(kinds) > 1:
        data, left_out = everything(segmented, source, kinds)
    else:
        files = exported(segmented, kinds[0], source)
        data = zipped(files) if is_zip else _alone(files, kinds[0])
    save(data, chosen.output, "The export")
    for kind, why in left_out.items():
        print(f"left out: {kind}: {why}")
    if any(kind in NAMES_PATIENT and kind not in left_out for kind in kinds):
        print("note: this file names the patient, as the DICOM series does")
    print(f"saved {chosen.output} ({in_bytes(len(data))})")
    return 1 if left_out else 0


def _kinds(asked: Sequence[str]) -> list[Kind]:
    named = [Kind(kind) for kind in asked if kind != _ALL]
    usual = [kind for kind in Kind if kind not in NAMES_PATIENT] if _ALL in asked else []
    return list(dict.fromkeys([*usual, *named]))


def _check_name(output: Path, kinds: Sequence[Kind]) -> None:
    """Find out before the slow part whether a file of this name can hold what is asked for."""
    if len(kinds) > 1:
        raise WriteError(f"Several formats go into one .zip. Call the output {output.stem}.zip, or ask for one format.")
    suffix = SUFFIXES[kinds[0]]
    if not output.name.lower().endswith(suffix):
        raise WriteError(f"A file of the format {kinds[0]} ends in {suffix}, not as in {output.name}. Change -o.")


def _alone(files: dict[str, bytes], kind: Kind) -> bytes:
    if len(files) > 1:
        raise WriteError(
            f"A file of the format {kind} holds one label, and the mask holds {len(files)}. "
            "Choose one with --label, or give -o a name that ends in .zip."
        )
    return next(iter(files.values()))
