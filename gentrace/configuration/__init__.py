"""The configuration of a client: settings, their validation, logging and the masking of secrets."""

from __future__ import annotations

from gentrace.configuration.addresses import check_host, check_proxy
from gentrace.configuration.configuration import Configuration, restore
from gentrace.configuration.document import (
    API_DESCRIPTION,
    API_TITLE,
    API_VERSION,
    SECURITY_SCHEMES,
    SERVERS,
)
from gentrace.configuration.errors import check_instance, refuse, refuse_type
from gentrace.configuration.logs import LOGGER_FORMAT
from gentrace.configuration.numbers import (
    DEFAULT_TIMEOUT,
    MAX_CONNECTIONS,
    TimeoutSetting,
    check_flag,
    check_integer,
    check_positive,
    check_seconds,
    check_timeout,
    find_total,
    split_timeout,
)
from gentrace.configuration.settings import SETTINGS, Settings
from gentrace.configuration.texts import check_header_name, check_header_text, check_text
from gentrace.schemas.near_misses import suggest
from gentrace.tracebacks import hide_arguments

__all__ = [
    "API_DESCRIPTION",
    "API_TITLE",
    "API_VERSION",
    "DEFAULT_TIMEOUT",
    "LOGGER_FORMAT",
    "MAX_CONNECTIONS",
    "SECURITY_SCHEMES",
    "SERVERS",
    "SETTINGS",
    "Configuration",
    "Settings",
    "TimeoutSetting",
    "check_flag",
    "check_header_name",
    "check_header_text",
    "check_host",
    "check_instance",
    "check_integer",
    "check_positive",
    "check_proxy",
    "check_seconds",
    "check_text",
    "check_timeout",
    "find_total",
    "hide_arguments",
    "refuse",
    "refuse_type",
    "split_timeout",
    "suggest",
]

_restore = restore
"""Pickles of earlier versions refer to `restore` by this name."""
