"""Logs: one JSON object a line on standard error, with the request id, and no personal data.

Callers log ids, codes and durations; never bodies, names, numbers or URLs with a query. A filter for
personal data is not owned here: what must not be logged is not passed. No other module imports structlog.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any


@contextmanager
def _nothing_to_draw_with() -> Iterator[None]:
    """Hide rich while structlog is imported, unless somebody uses it already.

    Where it is installed structlog takes it and pygments along to draw tracebacks in colour: 7 MiB in every
    process, and our logs are JSON. A module that is None cannot be imported.
    """
    modules: dict[str, Any] = sys.modules
    if "rich" in modules:
        yield
        return
    modules["rich"] = None
    try:
        yield
    finally:
        del modules["rich"]


with _nothing_to_draw_with():
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


def of_request(request_id: str) -> AbstractContextManager[Any]:
    """While the block runs, whatever is logged carries the id of the request that it belongs to."""
    return structlog.contextvars.bound_contextvars(request_id=request_id)


def request_id() -> str | None:
    """The id of the request that is being answered; None outside of one."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


def _without_message_arguments(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event.pop("color_message", None)
    return event
