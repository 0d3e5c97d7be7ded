"""`python -m gentrace.local`: the local server in the foreground."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from gentrace import local

if TYPE_CHECKING:
    from gentrace.local.server import Server
    from gentrace.local.settings import Settings

DEFAULT_PORT: Final = 8371
DEFAULT_DATABASE: Final = "gentrace.sqlite3"
# The units of `--keep`, in seconds.
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TOKEN_VARIABLE: Final = "GENTRACE_LOCAL_TOKEN"  # noqa: S105 - a name, not a token


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; the exit code is 0 after a requested stop and 2 if it could not start."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # A line for each stored run; other loggers keep their level.
    logging.getLogger("gentrace.local").setLevel(logging.INFO)
    try:
        settings = _settings(arguments)
        local.run(settings, _announce)
    except (ImportError, OSError, ValueError) as error:
        print(f"gentrace.local: {error}", file=sys.stderr)  # noqa: T201 - a program's output
        return 2
    except KeyboardInterrupt:
        # Ctrl-C before the server has installed its signal handlers.
        return 0
    return 0


def _announce(server: "Server") -> None:
    lines = f"gentrace.local listens on {server.url}\ngentrace.local stores in {server.database}"
    # Characters of the path that the encoding lacks are escaped.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = lines.encode(encoding, "backslashreplace").decode(encoding)
    print(shown, flush=True)  # noqa: T201 - a program's output


def _settings(arguments: Sequence[str] | None) -> "Settings":
    options: dict[str, Any] = vars(_make_parser().parse_args(arguments))
    if options["token"] is None:
        # An empty variable counts as not set; an empty argument is an error. It is not the default
        # of the option, as `--help` would show it.
        options["token"] = os.environ.get(TOKEN_VARIABLE) or None
    return local.Settings(**options)


def _make_parser() -> argparse.ArgumentParser:
    defaults = local.Settings()
    parser = argparse.ArgumentParser(
        prog="gentrace local",
        description="A local Gentrace server: it checks pipeline runs, stores them, and shows them "
        "in a viewer.",
    )
    parser.add_argument("--host", default=defaults.host, help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0 is a free port (%(default)s)"
    )
    parser.add_argument(
        "--database",
        metavar="FILE",
        default=DEFAULT_DATABASE,
        help="SQLite file to store in (%(default)s)",
    )
    parser.add_argument(
        "--token",
        help=f"token that clients must send; better set as {TOKEN_VARIABLE}, as every user of "
        "this machine can read a program's arguments; needed to listen beyond loopback",
    )
    parser.add_argument(
        "--max-body",
        type=int,
        default=defaults.max_body,
        metavar="BYTES",
        help="largest body, as sent and decompressed (%(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=defaults.timeout,
        metavar="SECONDS",
        help="time for a request's head, for its body, for the check of it, and for a client to "
        "read its response (%(default)g)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        dest="allowed_hosts",
        help="a further name by which clients may call the server, such as that of a reverse "
        "proxy; without PORT, with any; may be repeated",
    )
    parser.add_argument(
        "--keep",
        type=_seconds,
        metavar="AGE",
        help="delete runs that are older, such as 30d, 12h, 90m or 45s",
    )
    parser.add_argument(
        "--max-runs",
        type=int,
        metavar="NUMBER",
        help="delete the oldest runs beyond this number",
    )
    return parser


def _seconds(text: str) -> float:
    match = re.fullmatch("([0-9]{1,9})([smhd])", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a number and s, m, h or d, got {text!r}")
    return float(match[1]) * UNITS[match[2]]


if __name__ == "__main__":
    sys.exit(main())
