"""What a caller can set: the settings, their checks, the document's facts, logs and secrets."""

from __future__ import annotations

from gentrace.configuration.addresses import check_host, check_proxy, check_url
from gentrace.configuration.configuration import Configuration, restore
from gentrace.configuration.defaults import DEFAULT_TIMEOUT, LOGGER_FORMAT
from gentrace.configuration.document import (
    API_DESCRIPTION,
    API_TITLE,
    API_VERSION,
    SECURITY_SCHEMES,
    SERVERS,
)
from gentrace.configuration.numbers import check_flag, check_positive
from gentrace.configuration.refusals import error_of, refuse, refuse_type, suggest
from gentrace.configuration.setting import Same, Setting
from gentrace.configuration.settings import SETTINGS, PathSetting, Settings, SocketOptions
from gentrace.configuration.texts import (
    VALIDATION_KEYWORDS,
    check_header_name,
    check_header_text,
    check_text,
)
from gentrace.configuration.timeouts import TimeoutSetting, check_timeout

__all__ = [
    "API_DESCRIPTION",
    "API_TITLE",
    "API_VERSION",
    "DEFAULT_TIMEOUT",
    "LOGGER_FORMAT",
    "SECURITY_SCHEMES",
    "SERVERS",
    "SETTINGS",
    "VALIDATION_KEYWORDS",
    "Configuration",
    "PathSetting",
    "Same",
    "Setting",
    "Settings",
    "SocketOptions",
    "TimeoutSetting",
    "check_flag",
    "check_header_name",
    "check_header_text",
    "check_host",
    "check_positive",
    "check_proxy",
    "check_text",
    "check_timeout",
    "check_url",
    "error_of",
    "refuse",
    "refuse_type",
    "suggest",
]

_restore = restore
"""Pickles of earlier versions refer to this name."""
