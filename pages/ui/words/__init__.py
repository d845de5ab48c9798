"""What the screens say, in English and Chinese: every word of the pages and of the viewer lies in two catalogues.

``en.json`` and ``zh.json`` hold the same flat keys with the same ``{places}``. Files that leave the program (labels,
figures, reports) stay English in either language. So do most sentences that core makes; those of small closed sets
are translated by `pages.ui.words.steps`. What Streamlit itself writes, as on the upload button, is English too.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.state import app_state

LANGUAGES = {"en": "English", "zh": "中文"}
ENGLISH = "en"


def language() -> str:
    """Return the language of this session, ``en`` or ``zh``; English where there is none, as in a thread."""
    return app_state().language if get_script_run_ctx(suppress_warning=True) else ENGLISH


def t(key: str, **values: object) -> str:
    """Return the words for a key in the language of this session, with ``{places}`` filled in.

    Raises:
        KeyError: There is no such key, or a place is not given.
    """
    return said(language(), key, **values)


def many(key: str, count: int, **values: object) -> str:
    """Return the words for one thing (``key.one``) or several (``key.many``); ``{count}`` is how many."""
    return t(f"{key}.one" if count == 1 else f"{key}.many", count=count, **values)


def said(language: str, key: str, **values: object) -> str:
    """Return the words for a key in a language; for threads and requests, which belong to no session."""
    return catalogue(language)[key].format(**values)


def in_words(key: str) -> str:
    """Return the key of a picker whose choices are words: one for each language.

    Browsers answer with the words that they show, and those of a closed popover go on answering in the language in
    which they were drawn. What was chosen must therefore lie in the session's state, and `format_func` must say
    what was shown, not what would be shown now: the `__getitem__` of a dictionary.
    """
    return key if language() == ENGLISH else f"{key}_{language()}"


@lru_cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return all words of a language."""
    text = (Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))
