"""Words that core makes, in the language of the screen: names of steps, labels, figures and windows.

Core speaks English. Where it says one of a small closed set, the English catalogue holds that sentence as core writes
it, under ``core.``, with ``{places}`` for what varies; it is known by its English and said in the other language.
Everything else, such as the texts of errors and the notes on files, stays English.
"""

import re
from functools import lru_cache

from pages.ui.words import ENGLISH, catalogue, language, said

_PREFIX = "core."
_PLACE = re.compile(r"\{(\w+)\}")
_SENTENCES = re.compile(r"(?<=\.) ")
_SIMPLE = re.compile(r"\S+|[\d.]+ \S+")
_A_FIGURE = "figure"  # must be known; else any two things with a comma between them would be a figure and its unit
_AS_WRITTEN = "name"  # what a reader has typed is not looked up


def known(text: str, spoken: str | None = None) -> str:
    """Return what core said in a language, by default that of the session; as it is if it is in no catalogue.

    Args:
        text: One of the closed sets, whole or as several sentences of them.
        spoken: ``en`` or ``zh``.
    """
    spoken = spoken or language()
    if spoken == ENGLISH or not text:
        return text
    whole = _translated(text, spoken)
    if whole is not None:
        return whole
    parts = [_translated(part, spoken) for part in _SENTENCES.split(text)]
    return text if None in parts else "".join(part for part in parts if part)


def title(name: str) -> str:
    """Return the name of a label or figure with its first letter large."""
    shown = known(name)
    return shown[:1].upper() + shown[1:]


def _translated(text: str, spoken: str) -> str | None:
    for key, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found and all(_fits(*place) for place in found.groupdict().items()):
            values = {
                name: part if name == _AS_WRITTEN else known(part, spoken) for name, part in found.groupdict().items()
            }
            return said(spoken, key, **values)
    return None


def _fits(name: str, part: str) -> bool:
    """Say whether something may stand in a place: a word, a measure, or what is known itself."""
    if name == _AS_WRITTEN or (name != _A_FIGURE and _SIMPLE.fullmatch(part)):
        return True
    return _translated(part, ENGLISH) is not None


@lru_cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return what every sentence of core looks like; those that say most come first."""
    sentences = [(key, text) for key, text in catalogue(ENGLISH).items() if key.startswith(_PREFIX)]
    sentences.sort(key=lambda entry: len(_PLACE.sub("", entry[1])), reverse=True)
    return tuple((key, re.compile(_pattern(text))) for key, text in sentences)


def _pattern(text: str) -> str:
    parts = _PLACE.split(text)
    return "".join(f"(?P<{part}>(?:(?!\\. ).)+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
