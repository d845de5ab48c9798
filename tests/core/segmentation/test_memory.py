"""Running out of memory is one sentence that says whose memory, for which model, and what to do."""

import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import DeviceError
from core.segmentation import networks, sam, weights
from core.segmentation.frame import RECIPES
from core.segmentation.memory import enough_memory
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import ModelCard
from tests.core.segmentation.conftest import thin_network

IMAGE = np.zeros((30, 50), np.uint8)
OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"
    ),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:72] . DefaultCPUAllocator: not enough memory: you tried to allocate 9"
    ),
    MemoryError(),
]


@pytest.fixture(autouse=True)
def by_plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOBULE_ENGINE", "torch fp32")


@pytest.fixture
def small() -> sam.SamSegmenter:
    card = ModelCard("thin", "Thin SAM", RECIPES["sam"].window, True, 12.3, "", "", "thin")
    return sam.SamSegmenter(card, thin_network(), RECIPES["sam"], "cpu")


def failing(failure: Exception) -> object:
    def fail(*_: object, **__: object) -> None:
        raise failure

    return fail


@pytest.mark.parametrize("failure", OUT_OF_MEMORY, ids=str)
def test_embedding_without_memory_is_told_in_a_sentence(
    small: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(small._place.network.image_encoder, "forward", failing(failure))
    with pytest.raises(DeviceError, match=r"This computer has too little free memory for Thin SAM \(12 MB\)\. Close"):
        small.embed(IMAGE)


def test_answering_without_memory_is_told_and_the_next_answer_comes(
    small: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, prompt = small.embed(IMAGE), Prompt(Box(3, 4, 20, 41))
    with monkeypatch.context() as patched:
        patched.setattr(small._place.network.mask_decoder, "forward", failing(OUT_OF_MEMORY[0]))
        with pytest.raises(DeviceError, match="choose a smaller model"):
            small.predict(embedding, prompt)
    assert small.predict(embedding, prompt).mask.shape == (30, 50)


def test_a_model_that_does_not_fit_the_device_is_told_on_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks.Network, "to", failing(torch.OutOfMemoryError("CUDA out of memory.")))
    with pytest.raises(DeviceError, match=r"graphics card .* for LiteMedSAM \(39 MB\).*CUDA_VISIBLE_DEVICES=-1"):
        weights.load(device="cuda")


@pytest.mark.parametrize("place", ["core.segmentation.checkpoints.torch.load", "core.segmentation.weights.build"])
def test_a_checkpoint_that_does_not_fit_the_memory_is_not_called_damaged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    weights.available(tmp_path)  # looked at while there was memory
    monkeypatch.setattr(place, failing(OUT_OF_MEMORY[4]))
    with pytest.raises(DeviceError, match="This computer has too little free memory for") as told:
        weights.load("litemedsam", "cpu", tmp_path)
    assert "damaged" not in str(told.value)


def test_looking_into_the_folder_without_memory_is_a_problem_that_passes(
    lite_tensors: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch.save({name: tensor + 1 for name, tensor in lite_tensors.items()}, tmp_path / "mine.pth")
    with monkeypatch.context() as patched:
        patched.setattr("core.segmentation.checkpoints.torch.load", failing(MemoryError()))
        (problem,) = weights.available(tmp_path).problems
        assert "too little free memory for mine.pth" in problem
    assert [card.name for card in weights.available(tmp_path).cards] == ["litemedsam", "mine"]


@pytest.mark.parametrize("failure", [RuntimeError("shapes do not match"), ValueError("not enough memory")])
def test_another_error_stays_what_it_was(failure: Exception) -> None:
    with pytest.raises(type(failure), match=str(failure)), enough_memory("a model", "cpu"):
        raise failure


@pytest.mark.parametrize(
    ("device", "failure", "whose"),
    [
        ("cuda", OUT_OF_MEMORY[0], "The graphics card"),
        ("cuda:1", OUT_OF_MEMORY[1], "The graphics card"),
        ("mps", OUT_OF_MEMORY[2], "The graphics card"),
        ("cuda", OUT_OF_MEMORY[4], "This computer"),
        ("cuda", OUT_OF_MEMORY[6], "This computer"),
    ],
)
def test_the_sentence_says_whose_memory_is_full(device: str, failure: Exception, whose: str) -> None:
    with pytest.raises(DeviceError, match=f"^{whose}") as told, enough_memory("a model", device):
        raise failure
    assert ("CUDA_VISIBLE_DEVICES" in str(told.value)) == (device.startswith("cuda") and whose != "This computer")


def test_the_memory_of_a_graphics_card_is_freed_before_the_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[bool] = []

    class Large:
        pass

    def takes_a_lot() -> None:
        tensors.append(weakref.ref(held := Large()))
        raise RuntimeError(f"CUDA out of memory beside {type(held).__name__}")

    tensors: list[weakref.ref[Large]] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(tensors[0]() is None))
    with pytest.raises(DeviceError), enough_memory("a model", "cuda"):
        takes_a_lot()
    assert freed == [True]
