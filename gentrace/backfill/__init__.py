"""Sending many runs from lines of JSON, such as a log or an export of another system.

    with open("runs.jsonl", "rb") as file:
        result = gentrace.backfill.send_lines(file, configuration)

`send_lines` needs no shared state: several machines may each send a part of the lines, and a part
may be sent again if a machine dies. `send_bag` does that with the partitions of a Dask bag.
"""

from gentrace.backfill.bags import send_bag
from gentrace.backfill.result import BackfillResult, Reject
from gentrace.backfill.sending import send_lines

__all__ = ["BackfillResult", "Reject", "send_bag", "send_lines"]
