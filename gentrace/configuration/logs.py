"""Settings that act on the SDK's own loggers; each is applied when it is set.

Loggers belong to the process, so there is one handler to standard error and one to a file,
whichever configuration asked for them; nobody else's handler is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.configuration.files import check_path
from gentrace.configuration.numbers import check_flag
from gentrace.configuration.refusals import refuse
from gentrace.configuration.secrets import hidden, scrub
from gentrace.configuration.texts import check_text

if TYPE_CHECKING:
    import logging

LOGGER_FORMAT = "%(asctime)s %(levelname)s %(message)s"
"""How the SDK's own handlers write a record, as `logging.Formatter` takes it."""

_LOGGERS = {"debug": ("gentrace", "urllib3"), "file": ("gentrace",)}
"""The loggers that each kind of handler is put on."""

_handlers: dict[str, logging.Handler] = {}
_levels: dict[str, int] = {}
"""The levels that the loggers had before."""

_state = {"format": LOGGER_FORMAT}


def apply_debug(name: str, value: object) -> bool:
    """Turn the handler to standard error on or off."""
    import logging  # noqa: PLC0415 - slow to import

    flag = check_flag(name, value)
    _replace("debug", logging.StreamHandler() if flag else None)
    return flag


def apply_logger_file(name: str, value: object) -> str | None:
    """Write to a file from now on, or to none; ApiValueError if it cannot be written."""
    import logging  # noqa: PLC0415 - slow to import

    path = None if value is None else check_path(name, value)
    try:
        _replace("file", None if path is None else logging.FileHandler(path, encoding="utf-8"))
    except OSError as error:
        raise refuse(name, f"a file that can be written ({error.strerror})", value) from None
    return path


def apply_logger_format(name: str, value: object) -> str:
    """Write in a format from now on; ApiValueError if records cannot be written in it."""
    import logging  # noqa: PLC0415 - slow to import

    text = check_text(name, value)
    try:
        formatter = _make_formatter(text)
        # Made as the program has records made, which may have fields of its own.
        formatter.format(logging.makeLogRecord({"name": "gentrace", "msg": ""}))
    except (TypeError, ValueError) as error:
        raise refuse(name, f"a format of logging.Formatter ({error})", value) from None
    _state["format"] = text
    for handler in _handlers.values():
        handler.setFormatter(formatter)
    return text


def _replace(kind: str, handler: logging.Handler | None) -> None:
    """Put a handler in place of the one of its kind; None takes that away."""
    import logging  # noqa: PLC0415 - slow to import

    loggers = [logging.getLogger(name) for name in _LOGGERS[kind]]
    before = _handlers.pop(kind, None)
    if before is not None:
        for logger in loggers:
            logger.removeHandler(before)
            is_last = not any(other in logger.handlers for other in _handlers.values())
            if is_last and logger.name in _levels:  # the program may have taken a handler off
                logger.setLevel(_levels.pop(logger.name))
        before.close()
    if handler is not None:
        handler.setFormatter(_make_formatter(_state["format"]))
        _handlers[kind] = handler
        for logger in loggers:
            logger.addHandler(handler)
            _levels.setdefault(logger.name, logger.level)
            logger.setLevel(logging.DEBUG)


def _make_formatter(text: str) -> logging.Formatter:
    """Return what writes a record without the secrets of the call that logs it."""
    import logging  # noqa: PLC0415 - slow to import

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            # Not the record, which is for the program's own handlers too.
            return scrub(super().format(record), hidden.get())

    return Formatter(text)
