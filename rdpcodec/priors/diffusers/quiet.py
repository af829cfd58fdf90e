"""Foreign libraries, kept from logging, warning and drawing while they load."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rdpcodec.priors.diffusers.source import hub_library, transformers_loaded


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries silent; what is wrong is said in one sentence, once."""
    names = ("diffusers", "huggingface_hub", "transformers")
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    utils, models = hub_library().utils, transformers_loaded()
    shown = not utils.are_progress_bars_disabled()
    bars = models is not None and models.utils.logging.is_progress_bar_enabled()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    utils.disable_progress_bars()
    if bars:
        models.utils.logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        if shown:
            utils.enable_progress_bars()
        if bars:
            models.utils.logging.enable_progress_bar()
