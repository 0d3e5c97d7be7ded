"""How strictly a value is read, and how large it may be."""

from __future__ import annotations

from typing import Final

MAX_DEPTH = 200
"""How many containers may be nested in each other, in free-form content and in an answer."""

MAX_DIGITS = 4300
"""How many digits an integer may have."""

MAX_ITEMS = 10_000_000
"""How many items a mapping that is no dict may have: one without end may say any number."""


class Rules:
    """How strictly a value is read.

    Args:
        python_names: whether a declared property may go by its Python name too; answers are
            read by wire names only.
        disabled: keywords of JSON Schema, of `format` and `required`, that are not checked.

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
