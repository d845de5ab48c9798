"""Running out of memory is one sentence that says whose memory, for which model, and what to do."""

import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

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


def test_a_model_that_does_not_fit_a_card_nobody_asked_for_is_computed_by_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    to = networks.Network.to

    def full(network: networks.Network, device: str) -> networks.Network:
        if device == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return to(network, device)

    monkeypatch.setattr(networks.Network, "to", full)
    monkeypatch.setattr(weights, "choose_device", lambda: "cuda")
    model = weights.load()
    assert (model.device, model.engine.name) == ("cpu", "torch fp32")
    assert model.engine.reason.startswith("The graphics card has too little free memory for LiteMedSAM (39 MB), so")
    assert "too little free memory" in caplog.text
    assert model.predict(model.embed(IMAGE), Prompt(Box(3, 4, 20, 41))).mask.shape == (30, 50)


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


# A graphics card that is full. "cpu:0" is the processor by another name: what runs on it is real, and to Lobule it is
# a device other than the processor.


class Card:
    """The lowest layer of a graphics card with room for some pictures or prompts at once."""

    def __init__(self, segmenter: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.sizes: list[int] = []
        network = segmenter._place.network
        for part, count in ((network.image_encoder, self.of_pictures), (network.mask_decoder, self.of_prompts)):
            monkeypatch.setattr(type(part), "forward", self.limited(part, count, room))

    def limited(self, part: torch.nn.Module, count: Callable[..., int], room: int) -> Callable[..., Any]:
        forward = type(part).forward

        def run(module: torch.nn.Module, *arguments: Any, **named: Any) -> Any:
            if module is not part:  # a copy of it, on the processor
                return forward(module, *arguments, **named)
            self.sizes.append(count(*arguments, **named))
            if self.sizes[-1] > room:
                raise OUT_OF_MEMORY[0]
            return forward(module, *arguments, **named)

        return run

    @staticmethod
    def of_pictures(pictures: torch.Tensor) -> int:
        return len(pictures)

    @staticmethod
    def of_prompts(**named: torch.Tensor) -> int:
        return len(named["sparse_prompt_embeddings"])


@pytest.fixture
def on_card(monkeypatch: pytest.MonkeyPatch) -> sam.SamSegmenter:
    card = ModelCard("thin", "Thin SAM", RECIPES["sam"].window, True, 12.3, "", "", "thin")
    monkeypatch.setattr(sam.SamSegmenter, "batch", 4)
    return sam.SamSegmenter(card, thin_network(), RECIPES["sam"], "cpu:0")


IMAGES = [np.full((30, 50), k, np.uint8) + np.arange(50, dtype=np.uint8) for k in range(4)]


def test_a_batch_that_does_not_fit_the_card_is_tried_in_halves(
    on_card: sam.SamSegmenter, small: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Card(on_card, monkeypatch, room=2)
    made = on_card.embed_many(IMAGES)
    assert (fake.sizes, on_card.device) == ([4, 2, 2], "cpu:0")
    for image, embedding in zip(IMAGES, made, strict=True):
        torch.testing.assert_close(embedding.features, small.embed(image).features, atol=1e-4, rtol=1e-4)


def test_prompts_that_do_not_fit_the_card_are_tried_in_halves(
    on_card: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, prompts = on_card.embed(IMAGES[0]), [Prompt(Box(3, 4, 20 + k, 41)) for k in range(5)]
    expected = on_card.predict_many(embedding, prompts)
    fake = Card(on_card, monkeypatch, room=3)
    found = on_card.predict_many(embedding, prompts)
    assert fake.sizes == [5, 3, 2]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.logits, other.logits, atol=1e-4)


def test_a_card_without_room_for_one_gives_way_to_the_processor_with_a_message(
    on_card: sam.SamSegmenter,
    small: sam.SamSegmenter,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake = Card(on_card, monkeypatch, room=0)
    with caplog.at_level("WARNING"):
        made = on_card.embed_many(IMAGES)
    assert fake.sizes == [4, 2]  # once, once smaller, and no more
    assert on_card.device == "cpu"
    assert on_card.engine.name == "torch fp32"
    assert "graphics card has too little free memory for Thin SAM (12 MB), so the processor" in on_card.engine.reason
    assert on_card.engine.reason in caplog.text
    answer = on_card.predict(made[1], Prompt(Box(3, 4, 20, 41)))
    np.testing.assert_allclose(
        answer.logits, small.predict(small.embed(IMAGES[1]), Prompt(Box(3, 4, 20, 41))).logits, atol=1e-3
    )
    assert fake.sizes == [4, 2]


def test_threads_that_meet_a_full_card_together_move_to_the_processor_once(
    on_card: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Card(on_card, monkeypatch, room=0)
    with ThreadPoolExecutor(4) as threads, caplog.at_level("WARNING"):
        made = list(threads.map(on_card.embed, IMAGES))
    assert [embedding.features.shape for embedding in made] == [(1, 256, 64, 64)] * 4
    assert len(caplog.records) == 1


def test_a_processor_without_room_says_so_after_one_try_smaller(
    small: sam.SamSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sam.SamSegmenter, "batch", 4)
    fake = Card(small, monkeypatch, room=0)
    with pytest.raises(DeviceError, match="This computer has too little free memory"):
        small.embed_many(IMAGES)
    assert fake.sizes == [4, 2]
