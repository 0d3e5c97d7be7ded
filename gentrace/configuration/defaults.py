"""The defaults of settings that others know too."""

DEFAULT_TIMEOUT = (5.0, 30.0, 60.0)
"""Seconds: to connect, for one read or write, and for the whole call."""

LOGGER_FORMAT = "%(asctime)s %(levelname)s %(message)s"
"""How the SDK's own handlers write a record, as `logging.Formatter` takes it."""
