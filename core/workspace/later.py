"""Things to write while the reader goes on: one after another, in a thread beside the server."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import ParamSpec

_Given = ParamSpec("_Given")


def later(write: Callable[_Given, None], *args: _Given.args, **kwargs: _Given.kwargs) -> Future[None]:
    """Have something written soon. What cannot be written is logged by its kind alone, and told by the result."""
    future = _writer().submit(write, *args, **kwargs)
    future.add_done_callback(_log)
    return future


def _log(future: Future[None]) -> None:
    error = future.exception()
    if error is not None:  # its text may name a file after a patient
        logging.getLogger(__name__).warning("A file of a case was not written (%s)", type(error).__name__)


@cache
def _writer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeping")
