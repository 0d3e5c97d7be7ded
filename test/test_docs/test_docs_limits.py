"""The pages say the defaults and the limits that the package has.

Each text is made of what the code says, and stands on its page, however that breaks its lines.
"""

import inspect
import tomllib
from dataclasses import fields

import pytest

import gentrace
from gentrace.backfill import send_lines
from gentrace.backfill.lines import MAX_LINE
from gentrace.backfill.sending import MAX_TRIES
from gentrace.cli import progress, runs_server, send_dask
from gentrace.configuration import API_VERSION, SECURITY_SCHEMES, SERVERS, SETTINGS
from gentrace.configuration.numbers import DEFAULT_TIMEOUT
from gentrace.configuration.secrets import MIN_SECRET
from gentrace.delivery import breaker, queue, spool, spool_maintainer
from gentrace.delivery.run import OVERHEAD
from gentrace.local import __main__ as server
from gentrace.local import connection_limit, filters, reading, retrieval, settings, writing
from gentrace.recorder import call_recording, encoding, truncation
from gentrace.rest import budgeted_reader, framing, retries
from gentrace.schemas import MAX_DEPTH, MAX_DIGITS, json_values, lenient_conversions

NUMBERS = dict(
    enumerate(
        ["once", "twice", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], start=1
    )
)
CONNECT, READ, TOTAL = DEFAULT_TIMEOUT
HOST, TOKEN = (SETTINGS[name].environment_variable for name in ("host", "access_token"))
BODY = SETTINGS["max_response_body"].default
DELIVERY = inspect.signature(gentrace.Delivery).parameters
PIPELINE = inspect.signature(gentrace.Pipeline).parameters
COUNTERS = [each.name for each in fields(gentrace.DeliveryStats)]
STATUSES = [str(status) for status in sorted(retries.RETRIED_STATUSES)]


def kib(number):
    return f"{number / 2**10:g} KiB"


def mib(number):
    return f"{number / 2**20:g} MiB"


TEXTS = {
    "README.md": [
        f"package implements version {API_VERSION} of the API.",
        f"API and the viewer on http://127.0.0.1:{server.DEFAULT_PORT}/,",
        f"Set `GENTRACE_HOST={runs_server.DEFAULT_HOST}` where",
        f"only `{TOKEN}` set, to {SERVERS[0]['url']}.",
        f"All URIs are relative to *{SERVERS[0]['url']}*",
        f"The environment variables `{HOST}` and `{TOKEN}` can also set the host and the token.",
        f"**Type**: {SECURITY_SCHEMES['bearerAuth']['scheme']} authentication",
        f"or the environment variable `{TOKEN}`",
    ],
    "docs/configuration.md": [
        (
            f"`({CONNECT:g}, {READ:g})` | {CONNECT:g} | {READ:g} | the configuration's total "
            f"({TOTAL:g} if it has none), or {CONNECT + READ:g} if"
        ),
        f"`({CONNECT:g}, {READ:g}, {TOTAL:g})` | {CONNECT:g} | {READ:g} | {TOTAL:g},",
        f"A secret of fewer than {MIN_SECRET} characters is not searched for",
    ],
    "docs/errors.md": [f"one of fewer than {MIN_SECRET} characters is not masked"],
    "docs/models/StepRunProvider.md": [
        f"more than {MAX_DEPTH} levels and integers of more than {MAX_DIGITS:,} digits"
    ],
    "docs/reliability.md": [
        f"is retried, by default at most {NUMBERS[retries.DEFAULT_RETRIES]}:",
        f"with status {', '.join(STATUSES[:-1])} or {STATUSES[-1]}. No",
        (
            f"0 to {retries.FIRST_BACKOFF:g} s before the second attempt, "
            f"0 to {2 * retries.FIRST_BACKOFF:g} s before the third, "
            f"and so on up to {retries.MAX_BACKOFF:g} s."
        ),
        f"The SDK waits at most {retries.MAX_RETRY_AFTER} s,",
        (
            f"starts with {retries.Quota.CAPACITY}: a retry costs {retries.Quota.RETRY_COST}, "
            f"or {retries.Quota.TIMEOUT_COST} after a time-out"
        ),
        f"Every call has a deadline, {TOTAL:g} s by default",
        f"`Configuration.max_response_body` bytes, {mib(BODY)} by default",
        f"interim responses, are limited to {kib(budgeted_reader.BYTE_BUDGET)},",
        f"at most {budgeted_reader.MAX_FIELDS} header fields",
        f"At most {framing.MAX_INTERIM} interim responses",
        f"nested {MAX_DEPTH} levels deep",
    ],
    "docs/recorder.md": [
        (f"at most {call_recording.MAX_ITEMS:,} items or {kib(call_recording.MAX_ITEMS_BYTES)}"),
        f"`TypeName: message`, cut at {encoding.MAX_ERROR_LENGTH:,} characters,",
        f"an array of more than {lenient_conversions.MAX_ARRAY_ELEMENTS:,} elements",
        f"its `repr`, cut at {lenient_conversions.MAX_REPR_LENGTH:,} characters",
        f"stops at {json_values.MAX_VALUES:,} values or {mib(json_values.MAX_BYTES)}.",
        f"A step of more than {mib(truncation.MAX_STEP_BYTES)} is shortened",
        f"texts are cut at {truncation.MAX_TEXT_LENGTH:,} characters",
        f"sample_rate={PIPELINE['sample_rate'].default})`:",
    ],
    "docs/delivery.md": [
        f"`{COUNTERS[0]} = {' + '.join(COUNTERS[1:4])} + all {COUNTERS[4]}`",
        f"within `exit_timeout` ({DELIVERY['exit_timeout'].default:g} s)",
        (
            f"after 0 to {breaker.max_backoff(1):g} s at first, "
            f"doubling up to {breaker.MAX_BACKOFF:g} s. Other"
        ),
        f"{NUMBERS[breaker.FAILURES_TO_PAUSE].capitalize()} such failures in a row",
        (
            f"0 to {breaker.max_backoff(breaker.FAILURES_TO_PAUSE):g} s at first, "
            f"doubling up to {breaker.MAX_BACKOFF:g} s. A"
        ),
        f"up to {breaker.MAX_RETRY_AFTER:g} s. After",
        f"After {breaker.LONG_OUTAGE:g} s without a success",
        f"or for {breaker.DENIED_PAUSE:g} s, and log one warning",
        f"A run that failed {NUMBERS[queue.MAX_OWN_FAILURES]} times while others were delivered in",
        f"Each run counts {kib(OVERHEAD)} in addition",
        f"at its start and every {spool_maintainer.ADOPT_INTERVAL:g} s",
        f"at most {NUMBERS[spool.MAX_ADOPTED]} adopted files",
    ],
    "docs/command-line.md": [
        f"`runs` uses {runs_server.DEFAULT_HOST},",
        f"a line may have {mib(MAX_LINE)}",
        f"at once ({inspect.signature(send_lines).parameters['parallel'].default})",
        f"`send` tries a line {NUMBERS[MAX_TRIES]} times",
        f"the reason for a pause of {progress.MIN_SHOWN_PAUSE:g} s or more",
        f"a line of progress is printed every {progress.LINE_INTERVAL:g} s",
        f"in a partition: {mib(send_dask.PARTITION)} of a plain file",
    ],
    "docs/local-server.md": [
        f"It listens on {runs_server.DEFAULT_HOST} and stores runs in `{server.DEFAULT_DATABASE}`",
        f"where to listen: {settings.Settings.host} and {server.DEFAULT_PORT} by default",
        f"environment variable `{server.TOKEN_VARIABLE}`;",
        f"with all of these words, at most {filters.MAX_TERMS},",
        (
            f"`limit` is the page size: {retrieval.DEFAULT_LIMIT} by default, "
            f"at most {retrieval.MAX_LIMIT:,}."
        ),
        f"holds at most {connection_limit.MAX_CONNECTIONS:,} connections",
        f"A request may have {mib(settings.MAX_BODY)} and take {settings.TIMEOUT:g} s",
        f"another process blocks a write for {writing.BUSY_TIMEOUT:g} s.",
        f"A read that takes longer than {reading.READ_TIMEOUT:g} s gets",
        f"than `Configuration.max_response_body`, {mib(BODY)} by default",
    ],
    "docs/how-to/migrating.md": [
        f"[{TOTAL:g} s](../configuration.md#time-outs)",
        f"[retried {NUMBERS[retries.DEFAULT_RETRIES]}](../reliability.md#retries)",
    ],
}


@pytest.mark.parametrize("path", TEXTS)
def test_defaults_and_limits_are_those_of_the_package(path, root):
    text = " ".join((root / path).read_text("utf-8").split())
    missing = [each for each in TEXTS[path] if each not in text]
    assert not missing, f"{path} lacks\n" + "\n".join(missing)


def test_python_is_the_one_that_the_package_needs(root):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    needed = project["requires-python"].removeprefix(">=")
    assert f"It needs Python {needed} or newer." in (root / "README.md").read_text("utf-8")
