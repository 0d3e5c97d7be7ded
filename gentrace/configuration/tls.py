"""The check of a TLS context that the caller made."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gentrace.configuration.refusals import refuse

if TYPE_CHECKING:
    import ssl


def check_context(name: str, value: object) -> ssl.SSLContext:
    """Return an `ssl.SSLContext`, or one of a class derived from it; ApiTypeError if it is none."""
    # By name: `ssl` is slow to import, and truststore puts another class in its place.
    kinds = [(kind.__module__, kind.__name__) for kind in type(value).__mro__]
    if ("ssl", "SSLContext") not in kinds:
        raise refuse(name, "an ssl.SSLContext or None", value, kind=True)
    return cast("ssl.SSLContext", value)
