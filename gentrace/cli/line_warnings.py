"""Python warnings about a line of a file, printed with the file name and line number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.backfill.lines import Line


def print_warnings(lines: Iterable[Line], print_line: Callable[[str], None]) -> Generator[Line]:
    """Yield lines; until the next one, print warnings with the file and number of the line.

    Args:
        lines: the lines.
        print_line: prints one line, on standard error.

    """

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        # Other categories are about the connection, such as a token over plain HTTP.
        place = f"{line.source}:{line.number}: " if category is UserWarning else ""
        print_line(f"{place}warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        for line in lines:
            yield line
