"""The options of `gentrace runs` for the server and the filters."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gentrace.api_client import ApiClient
from gentrace.cli.arguments import check_date_time, check_milliseconds, configure
from gentrace.exceptions import NotFoundException, UnauthorizedException
from gentrace.runs import Filters, RunsApi
from gentrace.runs.refusals import ApiResponseFor404
from gentrace.schemas import unset

if TYPE_CHECKING:
    import argparse

DEFAULT_HOST: Final = "http://127.0.0.1:8371/api/v1"
"""Where `gentrace local` listens by default."""

MAX_RESPONSE_BODY: Final = 2**30
"""Bytes that a response may have: enough for the largest run that a server accepts."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the server."""
    parser.add_argument(
        "--host",
        metavar="URL",
        help=f"the server, in place of GENTRACE_HOST; without either {DEFAULT_HOST}, "
        "which is sent no token",
    )


@contextmanager
def connect(host: str | None) -> Generator[RunsApi]:
    """Yield the API of the server that `--host` names."""
    # An empty `--host` is an error and not the default: it may come from a variable that is unset.
    is_default = host is None and not os.environ.get("GENTRACE_HOST")
    configuration = configure(DEFAULT_HOST if is_default else host)
    configuration.max_response_body = MAX_RESPONSE_BODY
    if is_default:
        # The token may belong to another server than the one that listens there.
        configuration.access_token = None
    with ApiClient(configuration) as client:
        try:
            yield RunsApi(client)
        except UnauthorizedException as error:
            if is_default:
                error.remedy = "the token is sent only to a server that is named: set GENTRACE_HOST"
            raise
        except NotFoundException as error:
            error.remedy = NotFoundException.remedy
            raise


def is_missing(error: NotFoundException) -> bool:
    """Return whether a server has no such run, False if it has no such path."""
    answer = error.api_response
    if isinstance(answer, ApiResponseFor404) and answer.body:
        return answer.body.at == "id"
    return False


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the options that filter runs."""
    parser.add_argument("--name", help="runs of this pipeline")
    parser.add_argument(
        "--text",
        metavar="WORDS",
        help="runs that have all of these words (at most 32) in names, inputs or outputs; WORD* "
        "is any that begins so",
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
    parser.set_defaults(name=unset, text=unset, since=unset, until=unset, min_duration=unset)


def filters_of(options: argparse.Namespace) -> Filters:
    """Return the filters of `add_filters`; ApiValueError for an invalid value."""
    check_date_time("--since", options.since)
    check_date_time("--until", options.until)
    check_milliseconds("--min-duration", options.min_duration)
    return {
        "name": options.name,
        "text": options.text,
        "since": options.since,
        "until": options.until,
        "has_error": options.errors if options.errors or options.no_errors else unset,
        "min_duration": options.min_duration,
    }
