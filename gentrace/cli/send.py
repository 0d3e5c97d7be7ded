"""`gentrace send`: send the runs in files to the server."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from glob import glob
from itertools import chain
from typing import Final

from gentrace.backfill.arguments import check_rate
from gentrace.backfill.lines import read_lines
from gentrace.backfill.result import BackfillResult
from gentrace.backfill.sending import send_lines
from gentrace.cli.arguments import configure, file_name, property_name, scheduler_address
from gentrace.cli.line_warnings import print_warnings
from gentrace.cli.output import print_json, print_line, warn
from gentrace.cli.progress import Progress
from gentrace.cli.rejects import RejectsFile, find_overwritten
from gentrace.configuration import check_positive
from gentrace.exceptions import ApiException

PARALLEL: Final = 4


def main(arguments: Sequence[str]) -> int:
    """Send files; return 1 if a line was rejected or not all were sent."""
    options = _read_options(arguments)
    if options.dask is not None:
        return _send_by_cluster(options)
    failure = None
    progress = Progress(BackfillResult(), options.files)
    try:
        with (
            progress,
            _announce_interrupt(progress.warn),
            RejectsFile(options.rejects, progress.warn) as rejects,
        ):
            lines = (read_lines(file, progress.read) for file in options.files)
            send_lines(
                print_warnings(chain.from_iterable(lines), progress.warn),
                configure(options.host),
                parallel=options.parallel,
                rate=options.rate,
                key=options.key,
                state=options.state,
                on_reject=rejects.write,
                on_progress=progress.show,
                on_pause=progress.pause,
            )
    except ApiException as error:
        failure = str(error)
    except OSError as error:  # a file cannot be read or written
        if not progress.result.lines:
            raise
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted"
    result = progress.result
    if failure is not None:
        warn(f"gentrace send: {failure}")
        if result.sent:
            warn(
                "gentrace send: run it again to go on: a server that knows idempotency keys "
                "stores nothing twice"
            )
    _report(result, as_json=options.json)
    return 0 if failure is None and not result.rejected else 1


@contextmanager
def _announce_interrupt(print_line: Callable[[str], None]) -> Generator[None]:
    """At the first Ctrl-C, print that calls in flight are finished; the second one interrupts."""
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if before is not signal.default_int_handler or not is_main:
        yield
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        with suppress(RuntimeError):  # a reentrant call: the signal came while a line was printed
            print_line("gentrace send: waiting for the calls under way; Ctrl-C again leaves them")
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _send_by_cluster(options: argparse.Namespace) -> int:
    from gentrace.cli.send_dask import send  # noqa: PLC0415 - the extra may not be installed

    with RejectsFile(options.rejects, warn) as rejects:
        result = send(
            options.files,
            configure(options.host),
            scheduler=options.dask,
            parallel=options.parallel,
            key=options.key,
        )
        for reject in result.rejects:
            rejects.write(reject)
    _report(result, as_json=options.json)
    return 1 if result.rejected else 0


def _report(result: BackfillResult, *, as_json: bool) -> None:
    counts = {name: count for name, count in asdict(result).items() if name != "rejects"}
    if as_json:
        print_json(counts)
    else:
        print_line(", ".join(f"{count} {name}" for name, count in counts.items()))


def _read_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _make_parser()
    options = parser.parse_args(arguments)
    check_positive("--parallel", options.parallel)
    check_rate(options.rate, "--rate")
    if options.dask is not None and (options.state is not None or options.rate is not None):
        parser.error("--state and --rate are of one machine; they do not go with --dask")
    if options.rejects is not None:
        overwritten = find_overwritten(options.rejects, _files_in_use(options))
        if overwritten is not None:
            parser.error(
                f"--rejects: {options.rejects} would overwrite {overwritten}; name another file"
            )
    return options


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gentrace send",
        description="Send the pipeline runs in JSON Lines files. Run again, it stores nothing "
        "twice on a server that knows idempotency keys: the key of a line is made of its content.",
    )
    parser.add_argument(
        "files", nargs="+", type=file_name, metavar="FILE", help="plain or gzip; - is stdin"
    )
    parser.add_argument("--host", metavar="URL", help="the server, in place of GENTRACE_HOST")
    parser.add_argument(
        "--parallel",
        type=int,
        default=PARALLEL,
        metavar="N",
        help="runs sent at once (%(default)s)",
    )
    parser.add_argument("--rate", type=float, metavar="N", help="runs a second at most")
    parser.add_argument(
        "--key",
        type=property_name,
        metavar="FIELD",
        help="property of each run that holds its idempotency key",
    )
    parser.add_argument(
        "--state",
        type=file_name,
        metavar="FILE",
        help="keep the keys of acknowledged lines there, and do not send these lines again",
    )
    parser.add_argument(
        "--rejects",
        type=file_name,
        metavar="FILE",
        help="write the refused lines there, each with the reason, as JSON Lines",
    )
    parser.add_argument(
        "--dask",
        type=scheduler_address,
        metavar="ADDRESS",
        help="have the workers of the Dask cluster at this address of its scheduler read and send "
        "the files, which may be patterns and addresses such as s3://bucket/*.jsonl; the token is "
        "taken from each worker's GENTRACE_API_KEY",
    )
    parser.add_argument("--json", action="store_true", help="print the totals as an object")
    return parser


def _files_in_use(options: argparse.Namespace) -> list[str]:
    files: list[str] = options.files
    if options.dask is not None:
        # Path.glob does not take absolute patterns.
        return [name for file in files for name in glob(file)]  # noqa: PTH207
    return files if options.state is None else [*files, options.state]
