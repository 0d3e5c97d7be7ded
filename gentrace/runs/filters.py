"""Filters of stored runs: the parameters that list and export share."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - annotations are read at run time
from typing import TypedDict

from gentrace.operations import QueryParameter
from gentrace.schemas import DATE_TIME, STRING, Unset
from gentrace.schemas.more_types import BOOLEAN, NUMBER


class Filters(TypedDict, total=False):
    """Filters of stored runs; a filter that is missing or `unset` selects all runs.

    Attributes:
        name: name of the pipeline.
        text: words, all of which occur in the run's name, its providers' names and invocations, or
            the texts of its inputs and outputs; ``word*`` is any word with this prefix.
        since: earliest time of storage, an aware datetime or a text of RFC 3339.
        until: latest time of storage.
        has_error: True selects runs with an error, of the run or of a step; False all others.
        min_duration: shortest duration in milliseconds; 0 excludes runs of unknown duration.

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
        "Only runs that have all of these words (at most 32) in their name, their providers' names "
        "and invocations, or the texts of their inputs and outputs, as far as these are in the "
        "first 1,048,576 characters. Case does not matter, nor does a single accent of a Latin "
        "letter; `word*` is any word that begins so. Any part of a Chinese or Japanese clause is "
        "found. Punctuation and some emoji separate words; alone, they find no run.",
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
"""The filters as parameters of the local server's document."""
