"""Asking the model on behalf of a reader, and keeping what it was shown."""

from core.segmentation.opinion import Opinion, View, second_opinion
from core.segmentation.prompt import Prompt
from core.segmentation.segmenter import Prediction, Segmenter
from pages.ui import models
from pages.ui.seen import Seen, Tried
from pages.ui.state import Case


def answered(case: Case, z: int, prompt: Prompt, segmenter: Segmenter) -> Prediction:
    """Return the mask of a prompt on a slice; where the model is unsure, on an enlarged picture if that is surer.

    Args:
        case: Learns what the model was shown.
        z: The slice, from 0.
        prompt: What was drawn.
        segmenter: The model.

    Raises:
        LobuleError: The model cannot answer.
    """
    window = models.fed_window(case, segmenter)
    opinion = second_opinion(case.volume, z, prompt, segmenter, models.embeddings(), window)
    found, embedding = opinion.prediction, opinion.embedding
    case.seen = Seen(
        z, embedding.seen, found.seen_box, window, segmenter.card.name, embedding, opinion.asked, _tried(opinion)
    )
    return opinion.prediction


def _tried(opinion: Opinion) -> Tried | None:
    whole, zoomed = opinion.scores
    return None if zoomed is None else Tried(opinion.view is View.ZOOM, whole, zoomed)
