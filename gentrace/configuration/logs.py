"""Settings that act on the SDK's loggers; each is applied when it is set."""

from __future__ import annotations

from gentrace.configuration.files import check_path
from gentrace.configuration.numbers import check_flag
from gentrace.configuration.refusals import refuse
from gentrace.configuration.texts import check_text


def apply_debug(name: str, value: object) -> bool:
    """Turn the handler to standard error on or off."""
    from gentrace.configuration import handlers  # noqa: PLC0415 - logging is slow to import

    flag = check_flag(name, value)
    handlers.set_debug(flag)
    return flag


def apply_logger_file(name: str, value: object) -> str | None:
    """Write to a file from now on, or to none; ApiValueError if it cannot be written."""
    from gentrace.configuration import handlers  # noqa: PLC0415 - logging is slow to import

    path = None if value is None else check_path(name, value)
    try:
        handlers.set_file(path)
    except OSError as error:
        raise refuse(name, f"a file that can be written ({error.strerror})", value) from None
    return path


def apply_logger_format(name: str, value: object) -> str:
    """Write in a format from now on; ApiValueError if records cannot be written in it."""
    from gentrace.configuration import handlers  # noqa: PLC0415 - logging is slow to import

    text = check_text(name, value)
    try:
        handlers.set_format(text)
    except (TypeError, ValueError) as error:
        raise refuse(name, f"a format of logging.Formatter ({error})", value) from None
    return text
