"""Python warnings about a line of a file, printed with the file name and line number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from gentrace.backfill.lines import Line


class LineWarnings:
    """Prints warnings in its `with` block, those about a line with its file name and number.

    Args:
        print_line: prints one line, on standard error.

    """

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print_line = print_line
        self._prefix = ""
        self._saved = warnings.catch_warnings()

    def track(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the lines; warnings until the next one are about the current line."""
        for line in lines:
            self._prefix = f"{line.source}:{line.number}: "
            yield line

    def __enter__(self) -> Self:
        self._saved.__enter__()
        warnings.showwarning = self._show
        return self

    def __exit__(self, *_: object) -> None:
        self._saved.__exit__(None, None, None)

    def _show(
        self, message: Warning | str, category: type[Warning], *_: object, **__: object
    ) -> None:
        # Other categories are about the connection, such as a token over plain HTTP.
        prefix = self._prefix if category is UserWarning else ""
        self._print_line(f"{prefix}warning: {message}")
