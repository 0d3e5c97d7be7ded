"""Filters of runs, as SQL conditions."""

from dataclasses import dataclass
from typing import Any, Final

from gentrace.local.words import split_unspaced

# A position after every run.
MAX_POSITION: Final = 2**63 - 1
# A search takes time for each of its words.
MAX_TERMS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which runs to find; None is no condition.

    `text` is words that a run must all have, `word*` matches a prefix; `since` and `until` are in
    milliseconds since 1970, both inclusive; `min_duration` is in milliseconds.
    """

    name: str | None = None
    text: str | None = None
    since: float | None = None
    until: float | None = None
    has_error: bool | None = None
    min_duration: float | None = None

    def select(
        self, limit: int, *, before: int = MAX_POSITION, after: int = 0, oldest_first: bool = False
    ) -> tuple[str, list[Any]]:
        """Return the SQL for up to `limit` positions in between, and its values."""
        tables, order = "run_facts", "run_facts.position"
        if self.text is not None:
            # CROSS JOIN fixes the order: the full-text index first, which yields runs in order.
            tables = "run_words CROSS JOIN run_facts ON run_facts.position = run_words.rowid"
            order = "run_words.rowid"
        conditions = {
            "run_words MATCH ?": None if self.text is None else " ".join(search_terms(self.text)),
            f"{order} < ?": before,
            f"{order} > ?": after,
            "run_facts.name = ?": self.name,
            "run_facts.created_at >= ?": self.since,
            "run_facts.created_at <= ?": self.until,
            "run_facts.failed = ?": self.has_error,
            "run_facts.duration >= ?": self.min_duration,
        }
        active = {sql: value for sql, value in conditions.items() if value is not None}
        direction = "ASC" if oldest_first else "DESC"
        sql = (
            f"SELECT run_facts.position FROM {tables}"  # noqa: S608 - our names
            f" WHERE {' AND '.join(active)} ORDER BY {order} {direction} LIMIT ?"
        )
        return sql, [*active.values(), limit]


def search_terms(text: str) -> list[str]:
    """Split a text into quoted terms of an FTS5 query, so that no word is taken for an operator.

    Each term is returned once. SQLite's tables decide what is a word: signs of Unicode 6.1 are not,
    and later characters are, most emoji among them.
    """
    words: list[str] = []
    for word in text.replace("\0", " ").split():
        plain = word.rstrip("*")
        quoted = split_unspaced(plain).replace('"', '""')
        if plain:
            words.append(f'"{quoted}"{"*" if plain != word else ""}')
    return list(dict.fromkeys(words))
