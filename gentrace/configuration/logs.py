"""Settings of logging: each changes the SDK's loggers when it is set.

Loggers belong to the process, so all configurations share one handler to standard error and one to
a file. Handlers of the program are never changed.
"""

from __future__ import annotations

from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING

from gentrace.configuration.errors import refuse
from gentrace.configuration.secrets import current_secrets, mask_text
from gentrace.configuration.texts import check_text
from gentrace.process import fork_safe_imports, register_fork_lock

if TYPE_CHECKING:
    import logging

LOGGER_FORMAT = "%(asctime)s %(levelname)s %(message)s"
"""The default format of the SDK's own handlers, for `logging.Formatter`."""

_SHOWN = 100
"""How many characters of an error of logging are shown."""

_LOGGERS = {"debug": ("gentrace", "urllib3"), "file": ("gentrace",)}
"""The loggers that each kind of handler is added to."""

_handlers: dict[str, logging.Handler] = {}
_original_levels: dict[str, int] = {}
"""The levels of the loggers before a handler was added."""

_state = {"format": LOGGER_FORMAT}

_lock = RLock()
"""Protects the handlers, the levels and the format."""

register_fork_lock(_lock)


def apply_debug(_name: str, flag: bool) -> None:
    """Add or remove the handler to standard error."""
    import logging  # noqa: PLC0415 - slow to import

    _replace_handler("debug", logging.StreamHandler() if flag else None)


def apply_logger_file(name: str, path: str | None) -> None:
    """Replace or remove the handler to a file; ApiValueError if the file cannot be opened."""
    import logging  # noqa: PLC0415 - slow to import

    try:
        _replace_handler(
            "file", None if path is None else logging.FileHandler(path, encoding="utf-8")
        )
    except OSError as error:
        why = error.strerror
    else:
        return
    # Raised here, where no context keeps the path, which may be a secret.
    raise refuse(name, f"a file that can be written ({why})", path)


def check_logger_format(name: str, value: object) -> str:
    """Return a format; ApiValueError if no record can be formatted in it."""
    import logging  # noqa: PLC0415 - slow to import

    text = check_text(name, value)
    try:
        # By the program's record factory, which may add fields that the format uses.
        _make_formatter(text).format(logging.makeLogRecord({"name": "gentrace", "msg": ""}))
    except (TypeError, ValueError) as error:
        why = str(error)[:_SHOWN]  # logging repeats the format
    else:
        return text
    raise refuse(name, f"a format of logging.Formatter ({why})", value)


def apply_logger_format(_name: str, text: str) -> None:
    """Set the format of both handlers."""
    with _lock:
        _state["format"] = text
        for handler in _handlers.values():
            handler.setFormatter(_make_formatter(text))


def _replace_handler(kind: str, handler: logging.Handler | None) -> None:
    """Replace the handler of a kind; None removes it and restores the levels of its loggers."""
    with fork_safe_imports():  # from then on, a fork acquires our lock before that of `logging`
        import logging  # noqa: PLC0415 - slow to import

    loggers = [logging.getLogger(name) for name in _LOGGERS[kind]]
    with _lock:
        previous = _handlers.pop(kind, None)
        if previous is not None:
            for logger in loggers:
                _remove_handler(logger, previous)
        if handler is not None:
            handler.setFormatter(_make_formatter(_state["format"]))
            _handlers[kind] = handler
            for logger in loggers:
                logger.addHandler(handler)
                _original_levels.setdefault(logger.name, logger.level)
                logger.setLevel(logging.DEBUG)
    if previous is not None:
        with suppress(OSError):  # the disk is full, for example
            previous.close()


def _remove_handler(logger: logging.Logger, handler: logging.Handler) -> None:
    """Remove a handler that `_handlers` has no more; after the last one, restore the level."""
    import logging  # noqa: PLC0415 - slow to import

    logger.removeHandler(handler)
    # Both of our handlers may be on this logger, but the program may have removed one.
    is_last = not any(other in logger.handlers for other in _handlers.values())
    if is_last and logger.name in _original_levels:
        level = _original_levels.pop(logger.name)
        if logger.level == logging.DEBUG:  # else the program has set it since
            logger.setLevel(level)


def _make_formatter(text: str) -> logging.Formatter:
    """Return a formatter that masks the secrets of the call that logs the record."""
    import logging  # noqa: PLC0415 - slow to import

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            # The text, not the record, which the program's own handlers get too.
            return mask_text(super().format(record), current_secrets.get())

    return Formatter(text)
