"""Logs: one JSON object a line on standard error, with the request id, and no personal data.

Callers log ids, codes and durations; never bodies, names, numbers or URLs with a query. A filter for
personal data is not owned here: what must not be logged is not passed.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# One list for good: a logger keeps the list that was set when it was first used.
_PROCESSORS: list[structlog.typing.Processor] = [
    *_SHARED,
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(ensure_ascii=False),
]


def configure(level: str) -> None:
    """Set up structlog and route the standard library's loggers through it."""
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_message_arguments,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True
    for talkative in ("httpx", "httpcore"):
        # They log addresses and headers of calls, and keys stand in those.
        logging.getLogger(talkative).setLevel(logging.WARNING)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger for one module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def _without_message_arguments(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event.pop("color_message", None)
    return event
