"""What the report of a case says, in English and Chinese; both catalogues hold the same keys and ``{places}``."""

import json
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

LANGUAGES = ("en", "zh")
Tell = Callable[..., str]
_LABELS = ("liver", "tumour")


def words(language: str) -> Tell:
    """Return a function from a key, and values for its places, to the words of a language.

    Raises:
        ValueError: There is no such language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
    return partial(_told, language)


def label_name(tell: Tell, name: str) -> str:
    """Return what a language calls a label: the usual two are translated, the user's own stay as they are."""
    return tell(f"label.{name}") if name in _LABELS else name


def _told(language: str, key: str, **values: object) -> str:
    return catalogue(language)[key].format(**values)


@lru_cache
def catalogue(language: str) -> dict[str, str]:
    """Return all words of a language."""
    found: dict[str, str] = json.loads((Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8"))
    return found
