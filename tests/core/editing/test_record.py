import json

import numpy as np

from core.editing.annotation import Annotation
from core.editing.record import prompts_json
from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point
from core.segmentation.segmenter import ModelCard

CARD = ModelCard("lite", "Lite", Window(40, 400), False, 39.4, "Apache-2.0", "somewhere", "ab" * 32)


def case(has_spacing: bool = True, intensity: Intensity = Intensity.HU) -> tuple[Volume, Annotation]:
    grid = Grid.from_geometry((4, 6, 9), (4.0, 0.5, 1.5), has_spacing=has_spacing)
    source = Source("Doe^Jane.nii", "NIfTI", grid, "CT", "Jane's abdomen")
    volume = Volume(np.zeros(grid.shape, dtype=np.int16), grid, source, intensity)
    annotation = Annotation(grid)
    mask = np.zeros((6, 9), dtype=bool)
    mask[1:3, 2:6] = True
    annotation.add(2, mask, 2, box=Box(0, 1, 4, 8), score=0.875, model=CARD, window=Window(60, 200))
    return volume, annotation


def test_a_record_counts_slices_from_1_and_keeps_boxes_half_open() -> None:
    volume, annotation = case()
    [item] = json.loads(prompts_json(annotation, volume))["objects"]
    assert item["label"] == {"value": 2, "name": "tumour"}
    [item] = item["slices"]
    assert item["slice"] == 3
    assert item["box"] == {"rows": [0, 4], "columns": [1, 8]}
    assert item["extent"] == {"rows": [1, 3], "columns": [2, 6]}


def test_a_record_says_which_model_saw_what() -> None:
    volume, annotation = case()
    [[item]] = [found["slices"] for found in json.loads(prompts_json(annotation, volume))["objects"]]
    assert item["model"] == {"name": "lite", "sha256": "ab" * 32}
    assert item["window_hu"] == {"level": 60, "width": 200}
    assert item["score"] == 0.875
    assert item["area_mm2"] == 8 * 0.5 * 1.5


def test_a_record_lists_the_models_used_and_no_others() -> None:
    volume, annotation = case()
    assert [model["name"] for model in json.loads(prompts_json(annotation, volume))["models"]] == ["lite"]
    annotation.undo()
    assert json.loads(prompts_json(annotation, volume))["models"] == []


def test_without_hounsfield_units_a_record_gives_no_window_in_them() -> None:
    volume, annotation = case(intensity=Intensity.ARBITRARY)
    [[item]] = [found["slices"] for found in json.loads(prompts_json(annotation, volume))["objects"]]
    assert item["window_hu"] is None


def test_a_record_knows_the_image_by_its_fingerprint_and_names_no_patient() -> None:
    volume, annotation = case()
    text = prompts_json(annotation, volume)
    assert json.loads(text)["image"]["fingerprint"] == volume.key
    assert "Jane" not in text
    assert "Doe" not in text


def test_what_is_not_known_is_null() -> None:
    volume, annotation = case(has_spacing=False)
    annotation.add(0, np.ones((6, 9), dtype=bool), 1)
    record = json.loads(prompts_json(annotation, volume))
    assert record["image"]["spacing_mm"] is None
    assert record["objects"][1]["volume_ml"] is None
    [drawn] = record["objects"][1]["slices"]
    assert [drawn[key] for key in ("box", "score", "model", "window_hu", "area_mm2")] == [None] * 5


def test_a_spacing_from_a_header_of_single_precision_is_rounded() -> None:
    spacing = (float(np.float32(2.5)), float(np.float32(0.9)), float(np.float32(0.7)))
    grid = Grid.from_geometry((4, 6, 9), spacing)
    volume = Volume(np.zeros(grid.shape, dtype=np.int16), grid, Source("case", "NIfTI", grid))
    assert json.loads(prompts_json(Annotation(grid), volume))["image"]["spacing_mm"] == [2.5, 0.9, 0.7]


def test_a_record_names_the_software() -> None:
    volume, annotation = case()
    assert {"python", "numpy", "SimpleITK"} <= json.loads(prompts_json(annotation, volume))["software"].keys()


def test_a_record_lists_all_slices_of_an_object_with_the_points_on_each() -> None:
    volume, annotation = case()
    mask = np.zeros((6, 9), dtype=bool)
    mask[2:5, 3:7] = True
    points = (Point(3, 4), Point(5, 8, positive=False))
    annotation.draw({1: mask}, "points", identity=annotation.outlines[0].id, points=points, model=CARD)
    [item] = json.loads(prompts_json(annotation, volume))["objects"]
    assert [part["slice"] for part in item["slices"]] == [2, 3]
    assert item["slices"][0]["points"] == [
        {"row": 3, "column": 4, "on_object": True},
        {"row": 5, "column": 8, "on_object": False},
    ]
    assert item["slices"][1]["points"] == []
    assert item["voxels"] == 12 + 8
    assert item["volume_ml"] == 20 * 4.0 * 0.5 * 1.5 / 1000


def test_a_record_says_where_a_hand_changed_what_the_model_made() -> None:
    volume, annotation = case()
    [outline] = annotation.outlines
    assert not outline.by_hand
    annotation.draw({2: ~outline.mask((6, 9))}, "paint", identity=outline.id)
    [item] = json.loads(prompts_json(annotation, volume))["objects"]
    assert item["slices"][0]["shaped_by_hand"] is True
    assert item["slices"][0]["box"] == {"rows": [0, 4], "columns": [1, 8]}
