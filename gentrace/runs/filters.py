"""Which runs are asked for: the parameters that the list and the export share."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - annotations are read at run time
from typing import TypedDict

from gentrace.operations import QueryParameter
from gentrace.schemas import DATE_TIME, STRING, Unset
from gentrace.schemas.more_types import BOOLEAN, NUMBER


class Filters(TypedDict, total=False):
    """Which runs are asked for; what is left out, or `unset`, asks for nothing.

    Attributes:
        name: name of the pipeline.
        text: words that a run has in its name, its providers' names and invocations, or the texts
            of its inputs and outputs, all of them; ``word*`` is any word that begins so.
        since: when it was stored at the earliest, an aware datetime or a text of RFC 3339.
        until: when it was stored at the latest.
        has_error: True for runs with an error, their own or a step's, False for those without.
        min_duration: milliseconds that it took at least; 0 leaves out those of unknown duration.

    """

    name: str | Unset
    text: str | Unset
    since: str | datetime | Unset
    until: str | datetime | Unset
    has_error: bool | Unset
    min_duration: float | Unset


PARAMETERS = (
    QueryParameter("name", STRING, "Only runs of the pipeline of this name."),
    QueryParameter(
        "text",
        STRING,
        "Only runs that have all of these words in their name, their providers' names and "
        "invocations, or the texts of their inputs and outputs, as far as these are in the first "
        "1,048,576 characters. Case and accents do not matter; `word*` is any word that begins so.",
    ),
    QueryParameter("since", DATE_TIME, "Only runs that were stored then or later."),
    QueryParameter("until", DATE_TIME, "Only runs that were stored then or earlier."),
    QueryParameter(
        "has_error",
        BOOLEAN,
        "Only runs with an error, their own or a step's, or only those without.",
    ),
    QueryParameter(
        "min_duration", NUMBER, "Only runs that took at least so many milliseconds, from 0."
    ),
)
"""These parameters in the local server's document."""
