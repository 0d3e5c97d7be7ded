"""Which server `gentrace runs` asks, and which runs it asks for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from gentrace.api_client import ApiClient
from gentrace.cli.arguments import check_date_time, check_milliseconds
from gentrace.configuration import Configuration, check_host
from gentrace.exceptions import UnauthorizedException
from gentrace.runs import Filters, RunsApi
from gentrace.schemas import Unset, unset

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

T = TypeVar("T")

LOCAL: Final = "http://127.0.0.1:8371/api/v1"
"""Where `gentrace local` listens unless it is told otherwise."""

LARGEST: Final = 2**30
"""How many bytes an answer may have, which holds a run of any size that a server takes."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the server."""
    parser.add_argument(
        "--host",
        metavar="URL",
        help=f"the server, in place of GENTRACE_HOST; without either {LOCAL}, which is sent no "
        "token",
    )


@contextmanager
def reach(host: str | None) -> Generator[RunsApi]:
    """Give the API of a server, as `--host` names it."""
    # An empty one is refused: it may be a variable that is not set, and means no other server.
    named = os.environ.get("GENTRACE_HOST") or None
    if host is not None:
        named = check_host("--host", host)
    configuration = Configuration(LOCAL if named is None else named, max_response_body=LARGEST)
    if named is None:
        # It may be meant for another server than the one that happens to listen there.
        configuration.access_token = None
    with ApiClient(configuration) as client:
        try:
            yield RunsApi(client)
        except UnauthorizedException as error:
            if named is None:
                error.remedy = "the token is sent only to a server that is named: set GENTRACE_HOST"
            raise


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which runs."""
    parser.add_argument("--name", help="runs of this pipeline")
    parser.add_argument(
        "--text",
        metavar="WORDS",
        help="runs that have all of these words in names, inputs or outputs; WORD* is any that "
        "begins so",
    )
    parser.add_argument(
        "--since", metavar="TIME", help="runs stored then or later, such as 2023-05-04T09:30:00Z"
    )
    parser.add_argument("--until", metavar="TIME", help="runs stored then or earlier")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--errors", action="store_true", help="runs with an error")
    either.add_argument("--no-errors", action="store_true", help="runs without an error")
    parser.add_argument(
        "--min-duration", type=float, metavar="MS", help="runs that took so many milliseconds"
    )


def filters_of(options: argparse.Namespace) -> Filters:
    """Return what the options of `add_filters` say; ApiValueError for one that cannot be."""
    check_date_time("--since", options.since)
    check_date_time("--until", options.until)
    check_milliseconds("--min-duration", options.min_duration)

    def given(value: T | None) -> T | Unset:
        return unset if value is None else value

    return {
        "name": given(options.name),
        "text": given(options.text),
        "since": given(options.since),
        "until": given(options.until),
        "has_error": options.errors if options.errors or options.no_errors else unset,
        "min_duration": given(options.min_duration),
    }
