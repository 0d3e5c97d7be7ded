"""Iteration over stored runs, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Unpack

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.exceptions import ApiResponseTooLargeException
from gentrace.runs.filters import Filters  # noqa: TC001 - annotations are read at run time
from gentrace.runs.models import StoredRun  # noqa: TC001 - annotations are read at run time
from gentrace.runs.runs_list import runs_list
from gentrace.schemas import Unset, unset


def runs_iterate(
    self: Api,
    *,
    limit: int | Unset = unset,
    before: str | Unset = unset,
    view: Literal["full", "summary"] | Unset = unset,
    timeout: TimeoutSetting | None = None,
    **filters: Unpack[Filters],
) -> Iterator[StoredRun]:
    """Yield the selected stored runs, the newest first, and fetch each page when it is needed.

    A run may be deleted as soon as it was yielded.

    Args:
        self: the API instance.
        limit: page size, 1 to 1000; `unset` is 50. It is halved while a page is larger than
            `Configuration.max_response_body`.
        before: id of the run after which to begin; `unset` begins with the newest run.
        view: whether each run has its body (`full`, as `unset`) or not (`summary`).
        timeout: seconds for each page, as `Configuration.timeout`; None takes that.
        **filters: which runs to select, see `Filters`.

    Raises:
        ApiTypeError: an argument has the wrong type or an unknown name.
        ApiValueError: an argument is not allowed.
        ApiException: a call failed; its attributes say how.

    """
    following: str | Unset | None = before
    while following is not None:
        try:
            page = runs_list(
                self, limit=limit, before=following, view=view, timeout=timeout, **filters
            ).body
        except ApiResponseTooLargeException:
            if limit == 1:
                raise
            limit = (limit or _DEFAULT_LIMIT) // 2
            continue
        yield from page.pipeline_runs
        following = page.next


_DEFAULT_LIMIT = 50
"""The page size of the server if `limit` is not given."""
