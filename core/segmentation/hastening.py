"""A model that answers at once, by plain torch, while engines are tried out beside it."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.segmentation.choosing import announce, choose
from core.segmentation.engines import PLAIN
from core.segmentation.frame import Recipe
from core.segmentation.networks import Network
from core.segmentation.sam import SamSegmenter
from core.segmentation.segmenter import EngineNote, ModelCard

_MEANWHILE = "Faster engines are being tried out; it is done once."


def hastened(card: ModelCard, network: Network, recipe: Recipe, remark: str = "") -> SamSegmenter:
    """Return a model on the processor that goes on with the best engine as soon as that is found.

    Args:
        card: What the model is.
        network: On the processor.
        recipe: How it is fed.
        remark: Said before the reason for an engine.
    """
    segmenter = SamSegmenter(card, network, recipe, "cpu", (None, EngineNote(PLAIN, remark + _MEANWHILE)))
    announce(card)
    worker = ThreadPoolExecutor(1, "engines")  # a program that ends waits for it
    worker.submit(_hasten, segmenter, network, recipe, remark)
    worker.shutdown(wait=False)
    return segmenter


def _hasten(segmenter: SamSegmenter, network: Network, recipe: Recipe, remark: str) -> None:
    try:
        chosen, note = choose(network, recipe, segmenter.card)
    except Exception as failure:  # the model answers; it is only slower
        logging.getLogger(__name__).exception("No engine could be chosen")
        chosen, note = None, EngineNote(PLAIN, f"Engines could not be tried out ({type(failure).__name__}).")
    segmenter.compute_with(chosen, replace(note, reason=remark + note.reason))
