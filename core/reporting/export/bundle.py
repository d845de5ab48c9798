"""Every format by its name, and all of them in one zip."""

import io
import re
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import LobuleError, WriteError
from core.imaging.dicom.source import source_series
from core.imaging.label import Label
from core.imaging.writing import mask_bytes, saved
from core.reporting.export.coco import coco_text
from core.reporting.export.dicomseg import dicom_seg
from core.reporting.export.kinds import NAMES_PATIENT, Kind
from core.reporting.export.rtstruct import rtstruct
from core.reporting.export.slices import pictures
from core.reporting.export.table import csv_text
from core.reporting.meshes import obj_text, stl_bytes, surface_meshes
from core.reporting.quantify import quantify
from core.reporting.segmented import Segmented

Files = dict[str, bytes]
Source = Path | Sequence[Path]
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip knows: two exports of one mask are the same bytes


@dataclass(frozen=True, eq=False)
class Part:
    """A format that was asked for.

    Attributes:
        kind: Which.
        files: By name.
        left_out: Why there are none, or ``""``.
    """

    kind: Kind
    files: Files
    left_out: str = ""


def exported(segmented: Segmented, kind: Kind, source: Source | None = None) -> Files:
    """Return the files of one format, by name; the names hold nothing of the patient.

    Args:
        segmented: What is exported.
        kind: The format.
        source: What the CT was opened from; needed for `NAMES_PATIENT`.

    Raises:
        WriteError: The mask is empty, or the format cannot hold it.
        ReadError: The source is needed and missing, or lacks what the format must refer to.
        GeometryError: The source is another series.
    """
    segmented.checked()
    if kind in NAMES_PATIENT:
        return _dicom(segmented, kind, source)
    return _MAKERS[kind](segmented)


def _dicom(segmented: Segmented, kind: Kind, source: Source | None) -> Files:
    if source is None and segmented.volume.source.format == "DICOM":
        raise WriteError(
            "A DICOM export refers to the original series. Give the folder that the CT was opened from (--source)."
        )
    series = source_series(source or [], segmented.volume)
    if kind is Kind.DICOMSEG:
        return {f"{segmented.name}-seg.dcm": dicom_seg(segmented, series)}
    return {f"{segmented.name}-rtstruct.dcm": rtstruct(segmented, series)}


def _label_map(suffix: str) -> Callable[[Segmented], Files]:
    def make(segmented: Segmented) -> Files:
        data = mask_bytes(segmented.mask, segmented.volume, suffix, segmented.held)
        return {f"{segmented.name}-labels{suffix}": data}

    return make


def _stl(segmented: Segmented) -> Files:
    meshes = surface_meshes(segmented.mask, segmented.held)
    return {f"{segmented.name}-{_file_part(mesh.label)}.stl": stl_bytes(mesh) for mesh in meshes}


def _obj(segmented: Segmented) -> Files:
    return {f"{segmented.name}.obj": obj_text(surface_meshes(segmented.mask, segmented.held)).encode()}


def _png(segmented: Segmented) -> Files:
    return dict(pictures(segmented))


def _csv(segmented: Segmented) -> Files:
    measured = quantify(segmented.volume, segmented.mask)
    text = csv_text(measured, segmented.held, segmented.volume.has_hu)
    return {f"{segmented.name}-quantities.csv": text.encode()}


def _coco(segmented: Segmented) -> Files:
    return {f"{segmented.name}-coco.json": coco_text(segmented).encode()}


_MAKERS: Mapping[Kind, Callable[[Segmented], Files]] = {
    Kind.NIFTI: _label_map(".nii.gz"),
    Kind.NRRD: _label_map(".seg.nrrd"),
    Kind.STL: _stl,
    Kind.OBJ: _obj,
    Kind.PNG: _png,
    Kind.CSV: _csv,
    Kind.COCO: _coco,
}


def _file_part(label: Label) -> str:
    """Return a label's value and, as far as any disk takes it, its name."""
    plain = re.sub(r"[^a-z0-9]+", "-", label.name.casefold()).strip("-")
    return f"{label.value}-{plain}" if plain else str(label.value)


def everything(
    segmented: Segmented, source: Source | None = None, kinds: Iterable[Kind] = tuple(Kind)
) -> tuple[bytes, dict[Kind, str]]:
    """Return a zip of all formats, and in words why any is not in it; a text in the zip says so too.

    Args:
        segmented: What is exported.
        source: What the CT was opened from. Without it there is nothing of the patient in the zip: `NAMES_PATIENT`
            are left out.
        kinds: Which formats.

    Raises:
        WriteError: The mask is empty.
    """
    made = list(parts(segmented, source, kinds))
    return packed(segmented, made), {part.kind: part.left_out for part in made if part.left_out}


def parts(
    segmented: Segmented, source: Source | None = None, kinds: Iterable[Kind] = tuple(Kind)
) -> Generator[Part, None, None]:
    """Make one format after another; for the arguments see `everything`.

    Raises:
        WriteError: The mask is empty.
    """
    segmented.checked()
    for kind in kinds:
        try:
            yield Part(kind, exported(segmented, kind, source))
        except LobuleError as error:
            yield Part(kind, {}, str(error))


def packed(segmented: Segmented, made: Iterable[Part]) -> bytes:
    """Return a zip of formats that were made; a text in it tells what the files are, and what is missing."""
    made = tuple(made)
    files: Files = {}
    for part in made:
        files |= part.files
    files["README.txt"] = _readme(segmented, made).encode()
    return zipped(files)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip; the same files are the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            is_packed = name.endswith((".png", ".gz", ".nrrd"))
            pack.writestr(entry, files[name], zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def save(data: bytes, path: Path, what: str) -> Path:
    """Write an export; the file appears whole or not at all.

    Raises:
        WriteError: The folder is missing, or cannot be written to.
    """
    return saved(Path(path), ".part", lambda written: written.write_bytes(data), what)


def _readme(segmented: Segmented, made: Sequence[Part]) -> str:
    left_out = {part.kind: part.left_out for part in made if part.left_out}
    lines = [
        "Labels outlined with Lobule. Not a medical device: research and teaching use.",
        "",
        f"CT: {segmented.volume.key} (a fingerprint of its voxels)",
        "Labels: " + ", ".join(f"{label.value} {label.name}" for label in segmented.held),
        "STL and OBJ: mm, LPS (x to the patient's left, y to the back, z to the head).",
        "PNG: one pixel per voxel; the values in mask/ are those of the labels. Slices count from 1 at the feet.",
        "CSV: definitions stand in the report.",
    ]
    if any(part.files for part in made if part.kind in NAMES_PATIENT):
        lines.append("The .dcm files name the patient, as the original series does. Everything else does not.")
    if left_out:
        lines += ["", "Not in here:", *(f"  {kind}: {why}" for kind, why in left_out.items())]
    return "\n".join(lines) + "\n"
