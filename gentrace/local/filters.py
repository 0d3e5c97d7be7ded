"""Which runs are asked for, as conditions of SQL."""

from dataclasses import dataclass
from typing import Any, Final

# A position after that of every run.
END: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The runs that are asked for; None asks for nothing.

    `text` is words that must all be there, where `word*` is any that begin so; `since` and `until`
    are in milliseconds since 1970, both included, `min_duration` is in milliseconds.
    """

    name: str | None = None
    text: str | None = None
    since: float | None = None
    until: float | None = None
    has_error: bool | None = None
    min_duration: float | None = None

    def select(
        self, *, before: int = END, after: int = 0, oldest_first: bool = False
    ) -> tuple[str, list[Any]]:
        """Make the query for so many positions of runs between two others, and its values."""
        tables, order = "run_facts", "run_facts.position"
        if self.text is not None:
            # The words first, whatever else is asked for: they give their runs in order.
            tables = "run_words CROSS JOIN run_facts ON run_facts.position = run_words.rowid"
            order = "run_words.rowid"
        conditions = {
            "run_words MATCH ?": None if self.text is None else " ".join(words_of(self.text)),
            f"{order} < ?": before,
            f"{order} > ?": after,
            "run_facts.name = ?": self.name,
            "run_facts.created_at >= ?": self.since,
            "run_facts.created_at <= ?": self.until,
            "run_facts.failed = ?": self.has_error,
            "run_facts.duration >= ?": self.min_duration,
        }
        asked = {sql: value for sql, value in conditions.items() if value is not None}
        direction = "ASC" if oldest_first else "DESC"
        sql = (
            f"SELECT run_facts.position FROM {tables}"  # noqa: S608 - our names
            f" WHERE {' AND '.join(asked)} ORDER BY {order} {direction} LIMIT ?"
        )
        return sql, list(asked.values())


def words_of(text: str) -> list[str]:
    """Split a text into words as the search takes them, each in quotes that take its meaning."""
    words: list[str] = []
    for word in text.replace("\0", " ").split():
        plain = word.rstrip("*")
        quoted = plain.replace('"', '""')
        if plain:
            words.append(f'"{quoted}"{"*" if plain != word else ""}')
    return words
