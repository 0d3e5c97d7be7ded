"""Warnings about what is in a line, said with the line's place."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from gentrace.backfill.lines import Line


class LineWarnings:
    """Has warnings said on standard error, those about a line with its place.

    Args:
        say: prints a line there.

    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._place = ""
        self._before = warnings.catch_warnings()

    def follow(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Give lines; what is warned of until the next one is about the last."""
        for line in lines:
            self._place = f"{line.source}:{line.number}: "
            yield line

    def __enter__(self) -> Self:
        self._before.__enter__()
        warnings.showwarning = self._show
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._before.__exit__(kind, error, traceback)

    def _show(
        self, message: Warning | str, category: type[Warning], *_: object, **__: object
    ) -> None:
        # Those of other classes are about the connection, such as a token over plain HTTP.
        place = self._place if category is UserWarning else ""
        self._say(f"{place}warning: {message}")
