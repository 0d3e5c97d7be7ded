"""Sending many runs that are stored as lines of JSON, such as a log or another system's export.

    with open("runs.jsonl", "rb") as file:
        result = gentrace.backfill.send_lines(file, configuration)

`send_lines` works on one part of them and knows of no other: parts may be sent by several
machines, and again if one of them dies. `send_bag` does that with the partitions of a Dask bag.
"""

from gentrace.backfill.bags import send_bag
from gentrace.backfill.result import BackfillResult, Reject
from gentrace.backfill.sending import send_lines

__all__ = ["BackfillResult", "Reject", "send_bag", "send_lines"]
