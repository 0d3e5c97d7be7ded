"""Sending the lines of a Dask bag, each partition by the worker that has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from gentrace.backfill.arguments import check_bag, check_configuration, check_key
from gentrace.backfill.result import BackfillResult
from gentrace.backfill.sending import send_lines
from gentrace.configuration import Configuration, check_positive, hide_arguments


@hide_arguments
def send_bag(
    bag: Any,
    configuration: Configuration | None = None,
    *,
    parallel: int = 4,
    key: str | None = None,
) -> BackfillResult:
    """Send the pipeline runs in the lines of a `dask.bag.Bag`, such as `read_text` makes.

    The key of a line depends on that line alone: a partition that is sent again, because its
    worker died, or lines that are cut into other partitions, are stored once on a server that
    knows keys.

    The token is no part of the tasks: workers take it from their own GENTRACE_API_KEY, unless the
    configuration's `pickle_token` is True; then it goes to them in pickles, never as text.

    Args:
        bag: the lines, each a str or bytes.
        configuration: where the API is and how to reach it; its `retries` are not used. None
            takes `Configuration.get_default_copy()` of this process.
        parallel: how many runs a partition sends at once.
        key: property of each run that holds its key, in place of the content's.

    Returns:
        The counts and the rejects of all partitions; a line's number is that in its partition.
        Equal lines in two partitions count as sent twice, and are stored once.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: an argument that is not allowed, or a worker has no token.
        ApiException: the server cannot be reached from a worker, or does not accept the token.

    """
    check_bag(bag)
    checked = check_configuration(configuration)
    check_positive("parallel", parallel)
    check_key(key)
    # The object itself is passed: its repr shows no token.
    results = bag.map_partitions(send_partition, checked, parallel=parallel, key=key)
    return _add(results.compute())


def send_partition(
    lines: Iterable[str | bytes],
    configuration: Configuration,
    *,
    parallel: int,
    key: str | None,
) -> list[BackfillResult]:
    """Send the lines of one partition; return the result as a new partition."""
    return [send_lines(lines, configuration, parallel=parallel, key=key)]


def _add(results: Iterable[BackfillResult]) -> BackfillResult:
    total = BackfillResult()
    for result in results:
        for field in fields(result):
            total_value = getattr(total, field.name) + getattr(result, field.name)
            setattr(total, field.name, total_value)
    return total
