"""Boxes and masks of every object on every slice as COCO-style JSON, which most detection programs train on."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from core.imaging.volume import LIVER
from core.reporting.export.slices import slice_name, slices_held
from core.reporting.quantify import lesions_in
from core.reporting.segmented import Segmented
from core.version import VERSION


def coco_text(segmented: Segmented) -> str:
    """Return the slices with a label as images, and each lesion on each of them as an annotation.

    A ``bbox`` is ``[column, row, width, height]`` in voxels, half-open as COCO has it; a ``segmentation`` counts runs
    down the columns, background first (COCO's RLE, not compressed). ``lesion`` is the number of `quantify`, the same
    on all slices; the liver has none.

    Args:
        segmented: What is drawn.
    """
    grid = segmented.volume.grid
    _, height, width = grid.shape
    _, row_mm, column_mm = grid.spacing
    voxels = segmented.mask.voxels.view(np.uint8)
    images = [
        {"id": z + 1, "file_name": f"ct/{slice_name(z)}", "height": height, "width": width, "slice": z + 1}
        for z in slices_held(segmented)
    ]
    annotations: list[dict[str, Any]] = []
    for label in segmented.held:
        annotations += _annotations(voxels, label.value, len(annotations))
    record = {
        "info": {
            "description": "Labels outlined with Lobule; not a medical device",
            "version": VERSION,
            "image": segmented.volume.key,
            "pixel_mm": [round(row_mm, 6), round(column_mm, 6)] if grid.has_spacing else None,
        },
        "licenses": [],
        "images": images,
        "categories": [
            {"id": label.value, "name": label.name, "supercategory": "organ" if label.value == LIVER else "lesion"}
            for label in segmented.held
        ],
        "annotations": annotations,
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def _annotations(voxels: npt.NDArray[np.uint8], value: int, before: int) -> list[dict[str, Any]]:
    numbers, box = lesions_in(voxels, value)
    found: list[dict[str, Any]] = []
    for z, here in enumerate(numbers):
        for lesion in np.unique(here[here > 0]).tolist():
            mask = np.zeros(voxels.shape[1:], np.bool_)
            mask[box[1], box[2]] = here == lesion
            found.append(
                {
                    "id": before + len(found) + 1,
                    "image_id": box[0].start + z + 1,
                    "category_id": value,
                    "lesion": None if value == LIVER else lesion,
                    "bbox": _bbox(mask),
                    "area": int(np.count_nonzero(mask)),
                    "segmentation": {"size": list(mask.shape), "counts": _runs(mask)},
                    "iscrowd": 0,
                }
            )
    return found


def _bbox(mask: npt.NDArray[np.bool_]) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y, x = int(rows[0]), int(columns[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]


def _runs(mask: npt.NDArray[np.bool_]) -> list[int]:
    """Count how long 0 and 1 follow each other down the columns, beginning with 0."""
    flat = np.concatenate([[False], mask.ravel(order="F")])
    bounds = np.flatnonzero(np.diff(flat))
    runs: list[int] = np.diff(np.concatenate([[0], bounds, [mask.size]])).tolist()
    return runs
