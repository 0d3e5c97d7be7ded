"""How strictly values are validated, and how large they may be."""

from __future__ import annotations

from typing import Final

MAX_DEPTH = 200
"""How deeply containers may be nested, in free-form content and in answers."""

MAX_DIGITS = 4300
"""How many digits an integer may have."""

INTEGER_BOUND: Final = 10**MAX_DIGITS
"""The least integer that has more digits."""

MAX_ITEMS = 1_000_000
"""How many items a mapping other than a dict may have; they may be infinite."""


class Rules:
    """How strictly values are validated.

    Args:
        python_names: whether declared properties may be given by their Python names too; answers
            are read by wire names only.
        disabled: the keywords of JSON Schema, among `format` and `required`, not to check.

    """

    __slots__ = ("check_format", "check_required", "python_names")

    def __init__(
        self, *, python_names: bool = True, disabled: frozenset[str] = frozenset()
    ) -> None:
        self.python_names = python_names
        self.check_format = "format" not in disabled
        self.check_required = "required" not in disabled


REQUEST_RULES: Final = Rules()
ANSWER_RULES: Final = Rules(python_names=False)
