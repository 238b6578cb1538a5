"""Structured logs: one line per event, for people on a terminal and as JSON everywhere else."""

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import Processor

from billflow.settings import LogFormat, LogLevel
from billflow.telemetry.personal_data import without_personal_data

_SHARED: Sequence[Processor] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


_PROCESSORS: list[Processor] = [
    structlog.stdlib.filter_by_level,  # first, so that what is not logged costs nothing
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
"""One list for the process: loggers that are cached keep it when logging is configured again."""


def configure_logging(log_format: LogFormat = "auto", level: LogLevel = "info") -> None:
    """Send structlog's and the standard library's records through one formatter to standard error.

    `auto` means a console layout on a terminal and JSON elsewhere. Workflows log with `workflow.logger`, which is
    silent on replay; its extras arrive here as a `temporal_workflow` object. Python's warnings come here, as records of
    `py.warnings`; so does what Temporal itself has to say, from `temporal.client.connect` on.
    """
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for chatty in ("httpx", "httpcore", "stripe", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _formatter(log_format: LogFormat) -> structlog.stdlib.ProcessorFormatter:
    for_people = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderers: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        else [structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            without_personal_data,
            *renderers,
        ],
    )
