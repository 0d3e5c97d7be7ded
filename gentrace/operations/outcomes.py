"""What the status of an answer says about a run that was sent."""

from __future__ import annotations

from typing import Literal

from gentrace.operations.operation import is_success

OutcomeKind = Literal["delivered", "refused", "transient", "denied"]
"""Stored; refused, as this run is wrong; to be tried again; the token is not accepted."""


def kind_of_status(status: int) -> OutcomeKind:
    """Return the outcome of a run for the status of an answer; 0 is no complete answer."""
    if is_success(status):
        return "delivered"
    if status in {401, 403}:
        return "denied"
    if status in {0, 408, 429} or status >= 500:  # noqa: PLR2004 - the family 5xx
        return "transient"
    return "refused"
