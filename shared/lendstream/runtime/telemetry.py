"""Structured logs: one JSON object a line, with service and correlation id."""

import logging
import sys

import structlog
from structlog.typing import FilteringBoundLogger, Processor


def configure(service: str, level: str = "INFO", log_format: str = "json") -> None:
    """Send everything, the libraries' logs too, through structlog to standard output.

    Errors: ValueError for a level that does not exist.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"LENDSTREAM_LOG_LEVEL={level!r}: use DEBUG, INFO, WARNING or ERROR")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_library, renderer], foreign_pre_chain=shared))
    logging.basicConfig(level=number, handlers=[handler], force=True)
    for noisy in ("aiokafka", "uvicorn.access", "httpx", "yoyo"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
    structlog.contextvars.bind_contextvars(service=service)


def _library(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop structlog's own bookkeeping from a library's log line; keep who said it."""
    record = event.pop("_record", None)
    event.pop("_from_structlog", None)
    if record is not None:
        event["logger"] = record.name
    return event


def logger() -> FilteringBoundLogger:
    """The logger; bind what a line is about: `logger().info("loan opened", loan_id=...)`."""
    bound: FilteringBoundLogger = structlog.get_logger()
    return bound
