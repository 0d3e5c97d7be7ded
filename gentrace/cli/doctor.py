"""`gentrace doctor`: show the configuration and its sources, and test the server."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from gentrace.cli.arguments import configure, directory
from gentrace.cli.finding import INFO, OK, WRONG, Finding
from gentrace.cli.output import print_json, print_line
from gentrace.cli.probe import probe_server
from gentrace.cli.setup import find_settings, find_spool, find_versions
from gentrace.configuration import check_timeout
from gentrace.configuration.secrets import mask_text
from gentrace.exceptions import ApiValueError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 10.0
MARKS: Final = {OK: "ok", WRONG: "!!", INFO: "  "}


def main(arguments: Sequence[str]) -> int:
    """Print the findings; return 1 if one of them is wrong."""
    parser = argparse.ArgumentParser(
        prog="gentrace doctor",
        description="Show versions, settings and where they come from, and what waits in a spool; "
        "try the server with a request that it refuses, so that nothing is stored. No secret is "
        "shown.",
    )
    parser.add_argument("--host", metavar="URL", help="the server, in place of GENTRACE_HOST")
    parser.add_argument(
        "--spool", type=directory, metavar="DIRECTORY", help="show what waits in this spool, too"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help="how long the server may take (%(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="print an object for each line")
    options = parser.parse_args(arguments)
    check_timeout("--timeout", options.timeout)
    wrong = False
    for finding in _find(options.host, options.spool, options.timeout):
        wrong = wrong or finding.state == WRONG
        if options.json:
            print_json(asdict(finding))
        else:
            print_line(f"{MARKS[finding.state]} {finding.topic:10} {finding.text}")
    return 1 if wrong else 0


def _find(host: str | None, spool: Path | None, timeout: float) -> Iterator[Finding]:
    yield from find_versions()
    if spool is not None:
        yield from find_spool(spool)
    try:
        configuration = configure(host)
    except ApiValueError as error:
        yield Finding("settings", WRONG, str(error))
        return
    token = configuration.access_token or ""  # the host may hold it too
    for finding in chain(
        find_settings(configuration, "--host" if host else None),
        probe_server(configuration, timeout),
    ):
        yield replace(finding, text=mask_text(finding.text, [token]))
