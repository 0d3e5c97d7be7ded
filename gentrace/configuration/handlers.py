"""The handlers that `Configuration.debug` and `logger_*` put on the SDK's own loggers.

Loggers belong to the process, so there is one handler to standard error and one to a file,
whichever configuration asked for them; nobody else's handler is touched.
"""

from __future__ import annotations

import logging

from gentrace.configuration.defaults import LOGGER_FORMAT

_LOGGERS = ("gentrace", "urllib3")

_handlers: dict[str, logging.Handler] = {}
_levels: dict[str, int] = {}
"""The levels that the loggers had before."""

_state = {"format": LOGGER_FORMAT}


def logger(name: str) -> logging.Logger:
    """Return a logger of the process."""
    return logging.getLogger(name)


def set_debug(debug: bool) -> None:
    """Write everything that both loggers say to standard error, or stop it."""
    _remove("debug", _LOGGERS)
    if debug:
        _add("debug", logging.StreamHandler(), _LOGGERS)


def set_file(path: str | None) -> None:
    """Write everything that the SDK's logger says to a file, or stop it if `path` is None.

    Raises:
        OSError: the file cannot be opened.

    """
    handler = None if path is None else logging.FileHandler(path, encoding="utf-8")
    _remove("file", _LOGGERS[:1])
    if handler is not None:
        _add("file", handler, _LOGGERS[:1])


def set_format(text: str) -> None:
    """Write in another format; ValueError or TypeError if records cannot be written in it."""
    formatter = logging.Formatter(text)
    # Made as the program has records made, which may have fields of its own.
    formatter.format(logging.makeLogRecord({"name": "gentrace", "msg": ""}))
    _state["format"] = text
    for handler in _handlers.values():
        handler.setFormatter(formatter)


def _add(kind: str, handler: logging.Handler, names: tuple[str, ...]) -> None:
    handler.setFormatter(logging.Formatter(_state["format"]))
    _handlers[kind] = handler
    for name in names:
        logger(name).addHandler(handler)
        _levels.setdefault(name, logger(name).level)
        logger(name).setLevel(logging.DEBUG)


def _remove(kind: str, names: tuple[str, ...]) -> None:
    handler = _handlers.pop(kind, None)
    if handler is None:
        return
    for name in names:
        logger(name).removeHandler(handler)
        if not any(handler in logger(name).handlers for handler in _handlers.values()):
            logger(name).setLevel(_levels.pop(name))
    handler.close()
