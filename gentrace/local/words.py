"""The words of a text, as the full-text index and a search both see them."""

import re
from typing import Final

# Chinese and Japanese, which are written without spaces: kana, Han and their halfwidth forms.
_UNSPACED: Final = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3031-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]+"
)


def split_unspaced(text: str) -> str:
    """Make each character of a script without spaces a word of its own.

    The index would take a whole clause for one word. A search for a part of it becomes a search for
    these words in a row.
    """
    return text if text.isascii() else _UNSPACED.sub(_split, text)


def _split(clause: re.Match[str]) -> str:
    return f" {' '.join(clause[0])} "
