"""The schema of the database: its versions, their recognition, creation and upgrade."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from gentrace.local.summaries import Summary, to_milliseconds

VERSION: Final = 2
RUNS: Final = """CREATE TABLE pipeline_runs (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT UNIQUE,
    created_at TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL
)"""
# Narrow rows, so that a filter can scan all runs: position is that of pipeline_runs, created_at and
# duration are in milliseconds, failed is 0 or 1.
FACTS: Final = """CREATE TABLE run_facts (
    position INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    duration REAL,
    failed INTEGER NOT NULL
)"""
# The summary of a run as JSON, for lists.
SUMMARIES: Final = """CREATE TABLE run_summaries (
    position INTEGER PRIMARY KEY,
    summary TEXT NOT NULL
)"""
WORDS: Final = "CREATE VIRTUAL TABLE run_words USING fts5(words)"

TABLES: Final = {
    1: {"pipeline_runs": RUNS},
    2: {"pipeline_runs": RUNS, "run_facts": FACTS, "run_summaries": SUMMARIES, "run_words": WORDS},
}


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the schema of a file, 0 if it is empty.

    Raises ValueError for the schema of another program, sqlite3.Error for no database.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
    if version == 0 and not rows:
        return 0
    if version not in TABLES:
        if version == 0:
            raise ValueError("it is the database of another program")
        raise ValueError(f"it holds version {version} of the tables, not {VERSION}")
    existing = dict(rows)
    for name, sql in TABLES[version].items():
        if name not in existing:
            raise ValueError(f"it is the database of another program: it has no table {name}")
        if existing[name] != sql:
            raise ValueError(f"its table {name} has other columns than this version's")
    return int(version)


def create(connection: sqlite3.Connection, version: int) -> None:
    """Create the tables that a file of this version lacks; call it in a transaction."""
    existing = TABLES.get(version, {})
    for name, sql in TABLES[VERSION].items():
        if name not in existing:
            connection.execute(sql)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def delete(connection: sqlite3.Connection, positions: list[int]) -> None:
    """Delete runs from all tables; call it in a transaction."""
    rows = [(position,) for position in positions]
    for table in ("pipeline_runs", "run_facts", "run_summaries"):
        connection.executemany(f"DELETE FROM {table} WHERE position = ?", rows)  # noqa: S608
    connection.executemany("DELETE FROM run_words WHERE rowid = ?", rows)


def iterate_runs(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Yield position, id, time and body of each run, oldest first; the caller may write."""
    position = 0
    while row := connection.execute(
        "SELECT position, id, created_at, body FROM pipeline_runs"
        " WHERE position > ? ORDER BY position LIMIT 1",
        (position,),
    ).fetchone():
        yield row
        position = row[0]


def insert_summary(
    connection: sqlite3.Connection, position: int, run_id: str, created_at: str, summary: Summary
) -> None:
    """Insert what lists, filters and the search use of a run; call it in a transaction."""
    duration, failed = summary.duration, summary.failed
    connection.execute(
        "INSERT INTO run_facts VALUES (?, ?, ?, ?, ?)",
        (position, round(to_milliseconds(created_at)), summary.name, duration, failed),
    )
    shown = {"pipelineRunId": run_id, "createdAt": created_at, **summary.wire_members()}
    connection.execute("INSERT INTO run_summaries VALUES (?, ?)", (position, json.dumps(shown)))
    connection.execute(
        "INSERT INTO run_words (rowid, words) VALUES (?, ?)", (position, summary.search_text)
    )
