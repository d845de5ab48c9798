"""Opens CT scans and their labels from the files people have: DICOM, NIfTI, NRRD, MetaImage and pictures.

Nothing is guessed in silence. What can be mended without a choice is mended and noted in ``Source.notes``; what
needs a choice is asked (`SeveralSeries`); what would give a wrong picture, place or size is refused in a sentence.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import GeometryError
from core.imaging.choices import SeriesSummary, SeveralSeries
from core.imaging.decoding import Decoded
from core.imaging.grid import Grid, reorder
from core.imaging.guard import decode_guarded
from core.imaging.job import LIMITS, Job, Limits
from core.imaging.matching import labels_on
from core.imaging.volume import Mask, Source, Volume

__all__ = [
    "LIMITS", "Limits", "SeriesSummary", "SeveralSeries", "read_labels", "read_labels_and_grid", "read_mask",
    "read_volume",
]  # fmt: skip


def read_volume(source: Path | Sequence[Path], *, series: str | None = None, limits: Limits = LIMITS) -> Volume:
    """Open a CT volume.

    The files are decoded in a process of their own (see `guard`), so this costs about half a second more than
    decoding them here, and no file can take the program down.

    Args:
        source: One file, a folder (searched to its depths), several files, or a ``.zip``.
        series: `SeriesSummary.key` of the series to open, if there are several.
        limits: How much a case may cost.

    Returns:
        The volume in L-P-S order, without what names the patient in a header; `Source.name` may be the file's name.

    Raises:
        SeveralSeries: The files hold more than one series: choose one and call again.
        ReadError: The files cannot be opened as one volume; the text says which, why, and what to do.
    """
    decoded = decode_guarded(_paths(source), Job(limits, series=series))
    about = Source(
        decoded.name,
        decoded.format,
        decoded.grid,
        decoded.modality,
        decoded.description,
        decoded.notes,
        frame=decoded.frame,
        series=decoded.series,
    )
    return Volume.from_file(decoded.voxels.astype("int16", copy=False), about, decoded.intensity)


def read_mask(
    source: Path | Sequence[Path], volume: Volume, *, series: str | None = None, limits: Limits = LIMITS
) -> Mask:
    """Open labels drawn on a volume.

    Args:
        source: As for `read_volume`.
        volume: The volume the labels belong to.
        series: As for `read_volume`.
        limits: As for `read_volume`.

    Returns:
        uint8 labels on ``volume.grid``, transposed and flipped where their file was, never resampled.

    Raises:
        GeometryError: The labels lie on another grid, the text gives both; or DICOM says they are of another scan.
        ReadError: The file cannot be opened, or holds no labels.
    """
    columns = volume.grid.affine[:3, :3].T.tolist() if volume.grid.has_spacing else []
    steps = tuple((x, y, z) for x, y, z in columns)
    decoded = decode_guarded(_paths(source), Job(limits, series=series, wants_labels=True, steps=steps))
    if decoded.frame and volume.source.frame and decoded.frame != volume.source.frame:
        raise GeometryError(
            f"{decoded.name} belongs to another scan: its frame of reference is not that of this CT. "
            "Load the labels of this CT, or convert them to NIfTI if you are sure that they fit."
        )
    return labels_on(volume, _mask(decoded), decoded.name)


def read_labels(source: Path | Sequence[Path], *, series: str | None = None, limits: Limits = LIMITS) -> Mask:
    """Open labels without the volume they belong to, as for comparing two label maps.

    Args:
        source: As for `read_volume`.
        series: As for `read_volume`.
        limits: As for `read_volume`.

    Returns:
        uint8 labels in L-P-S order; `matching.laid_on` lays them on other labels.

    Raises:
        ReadError: The file cannot be opened, or holds no labels.
    """
    return read_labels_and_grid(source, series=series, limits=limits)[0]


def read_labels_and_grid(
    source: Path | Sequence[Path], *, series: str | None = None, limits: Limits = LIMITS
) -> tuple[Mask, Grid]:
    """Open labels as `read_labels` does; the grid is the file's own, to save labels on it that were made from these.

    Raises:
        ReadError: The file cannot be opened, or holds no labels.
    """
    decoded = decode_guarded(_paths(source), Job(limits, series=series, wants_labels=True))
    grid = decoded.grid.in_lps()
    voxels = reorder(decoded.voxels.astype("uint8", copy=False), decoded.grid, grid)
    return replace(_mask(decoded), voxels=voxels, grid=grid), decoded.grid


def _mask(decoded: Decoded) -> Mask:
    voxels = decoded.voxels.astype("uint8", copy=False)
    return Mask(voxels, decoded.grid, decoded.notes, names=decoded.names, sparse=decoded.sparse)


def _paths(source: Path | Sequence[Path]) -> list[Path]:
    return [source] if isinstance(source, Path) else list(source)
