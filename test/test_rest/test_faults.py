"""Every fault of the matrix, in every phase in which it can strike."""

import logging
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from traceback import TracebackException

import pytest
from support.caller import MARGIN, RUN, Caller
from support.canary import CANARY, leaks
from support.fault_endings import SHORT
from support.fault_matrix import PHASES, ROWS, table

from gentrace import ApiException

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def everything_shown(error):
    """All texts and bytes that an exception may end up in; nothing for None."""
    if error is None:
        return
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    for link in chain:
        yield from (str(link), repr(link), repr(link.args), repr(vars(link)))
    yield "".join(TracebackException.from_exception(error, capture_locals=True).format())
    yield pickle.dumps(error)
    yield error.body


def try_cell(cell):
    """Let one call meet its fault, and the next one not; what was seen, by its name."""
    with ExitStack() as stack:
        scene = cell.arrange(stack, cell.attempts)
        caller = stack.enter_context(
            Caller(scene.host, access_token=CANARY, **{"retries": 1} | scene.settings)
        )
        scene.prepare(caller)
        error, start = None, time.monotonic()
        try:
            caller.post(cell.body or RUN, timeout=cell.timeout)
        except ApiException as caught:
            error = caught
        took = time.monotonic() - start
        seen = {
            "raises": None if error is None else type(error).__name__,
            "status": cell.status if error is None else error.status,
            "requests": len(scene.server.requests),
            "attempts": scene.attempts(),
            "in time": took < (SHORT if cell.timeout == SHORT else cell.timeout[2]) + MARGIN,
            "leaks": [found for shown in everything_shown(error) for found in leaks(shown)],
        }
        scene.release()
        return seen | {"next call works": caller.works()}, error


@pytest.mark.parametrize("name", ROWS)
def test_fault(name, caplog):
    """The cells of a row run side by side."""
    caplog.set_level(logging.DEBUG)
    row = ROWS[name]
    with ThreadPoolExecutor(len(row)) as threads:
        futures = {phase: threads.submit(try_cell, cell) for phase, cell in row.items()}
    for phase, future in futures.items():
        cell, (seen, error) = row[phase], future.result()
        expected = {
            "raises": cell.raises,
            "status": cell.status,
            "requests": cell.requests,
            "attempts": cell.attempts,
            "in time": True,
            "leaks": [],
            "next call works": True,
        }
        assert seen == expected, f"{phase}: {error!r}"
    assert leaks(caplog.text) == []


def test_matrix_covers_every_phase():
    assert len(ROWS) >= 40
    assert {phase for row in ROWS.values() for phase in row} == set(PHASES)


def test_page_shows_the_matrix():
    """`python -m support.fault_matrix`, run in `test`, prints what belongs between the marks."""
    text = PAGE.read_text("utf-8")
    shown = text.split("<!-- faults -->\n")[1].split("\n<!-- /faults -->")[0]
    assert shown == table(), "put there what python -m support.fault_matrix prints in test"
