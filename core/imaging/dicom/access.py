"""Lets pydicom look into a user's file: quietly, and with every surprise turned into a sentence."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config

from core.errors import ReadError
from core.imaging.files import GivenFile, in_bytes, is_full_disk


@contextmanager
def careful(file: GivenFile) -> Iterator[None]:
    """Read a file with pydicom inside this: its remarks, which quote the file, stay out of the logs.

    Raises:
        ReadError: In place of whatever pydicom raised; broken bytes lead it to any exception there is.
        OSError: The disk is full.
    """
    logger = logging.getLogger("pydicom")
    before, mode = logger.disabled, config.settings.reading_validation_mode
    logger.disabled, config.settings.reading_validation_mode = True, config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ReadError, MemoryError):
        raise
    except Exception as error:
        if is_full_disk(error):
            raise
        raise ReadError(
            f"{file.name} is damaged or incomplete ({in_bytes(file.size)}). Copy or export it again."
        ) from error
    finally:
        logger.disabled, config.settings.reading_validation_mode = before, mode
