"""Looking up what a command names; what has gone in the meantime is a user's mistake, told in a sentence."""

from core.editing.annotation import Annotation, Finding
from core.errors import PromptError


def known_object(annotation: Annotation, identity: int) -> Finding:
    """Return an object.

    Raises:
        PromptError: There is none with this id, or no longer.
    """
    try:
        return annotation.finding(identity)
    except KeyError:
        raise PromptError(f"Object {identity} is no longer there. Choose another in the list.") from None


def known_label(annotation: Annotation, value: int) -> int:
    """Return the value of a label.

    Raises:
        PromptError: There is none with this value, or no longer.
    """
    if value not in (label.value for label in annotation.labels):
        raise PromptError("The label chosen is no longer there. Choose another in the list.")
    return value
