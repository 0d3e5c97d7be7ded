"""What a delivery has in one process: its queue, its threads and its end."""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextlib import suppress
from functools import cache
from math import inf
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

from gentrace.delivery.endings import end_receipts
from gentrace.delivery.notices import Notices, warn
from gentrace.delivery.off import is_off
from gentrace.delivery.queue import RunQueue
from gentrace.delivery.run import Run
from gentrace.delivery.sending import Outcome, load_transport
from gentrace.delivery.speaker import Speaker
from gentrace.delivery.threads import start_thread
from gentrace.delivery.turns import Turns
from gentrace.process import register_fork_lock, unregister_fork_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.flush import Flush
    from gentrace.delivery.limits import Limits
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.sending import Sender
    from gentrace.delivery.spool_keeper import SpoolKeeper
    from gentrace.delivery.stats import DeliveryStats

LOOK = 0.25
"""Seconds between two looks at settings that were no good, and between a failure and going on."""


class Engine:
    """The queue and the threads of one delivery in one process.

    Args:
        limits: how much it holds and does at once.
        sender: what sends.
        clock: the time.

    """

    def __init__(self, limits: Limits, sender: Sender, clock: Clock) -> None:
        self._limits = limits
        self._sender = sender
        self._clock = clock
        self._turns = Turns()
        self._notices = Notices()
        self._speaker = Speaker(self._notices, clock, self._act)
        self._keeper: SpoolKeeper | None = None
        self._queue = self._make_queue()
        # What wakes each worker that waits: whoever takes one out wakes it.
        self._idle: deque[SimpleQueue[None]] = deque()
        # Each is taken out by whoever starts it, and put back where no thread was to be had.
        self._unstarted = self._list_threads()
        self._is_working = False
        self._workers: set[int] = set()
        self._helpers: set[int] = set()
        self._is_over = False
        self._last_failure: Exception | None = None

    @property
    def stats(self) -> DeliveryStats:
        """The counters: one value, which is exchanged as a whole."""
        return self._queue.stats

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more runs."""
        return self._queue.is_closed

    def enqueue(self, body: bytes, receipt: Receipt) -> None:
        """Queue an encoded run, or drop it."""
        run = Run(receipt.idempotency_key, body, receipt=receipt, accepted_at=self._clock.time())
        self._let_in(run, lambda: self._queue.accept(run))
        if not self._is_working and len(self._unstarted) == len(self._list_threads()):
            receipt.help = self.help  # no thread was to be had: whoever waits for it sends it

    def turn_away(self, receipt: Receipt, reason: str) -> None:
        """Drop a run at the door."""
        run = Run(receipt.idempotency_key, receipt=receipt)
        self._let_in(run, lambda: self._queue.turn_away(run, reason))

    def flush(self, timeout: float | None) -> bool:
        """Wait until all runs of now have ended; tell whether they have."""
        end = self._end_of(timeout)
        accepted = -1
        while True:
            has_more = self._take_over()
            is_new = self.stats.accepted > accepted
            accepted = self.stats.accepted
            is_done = self._wait_for(self._begin_flush(), end)
            if not (is_done and has_more and is_new):
                return is_done

    def help(self, timeout: float | None) -> bool:
        """Send what waits in this very thread where no other one does; tell whether it did."""
        if self._is_working:
            return False
        self.flush(timeout)
        return True

    def say_late(self) -> None:
        """Say what was dropped after the end of the process began."""
        self._speaker.say_rest()

    def close(self, timeout: float | None) -> bool:
        """Flush, end what is left, and stop; tell whether all had ended."""
        return self.finish(self.begin_close(), self._end_of(timeout))

    def begin_close(self) -> Flush | None:
        """Take no more runs; return what tells when those that are there have ended."""
        self._queue.is_closed = True
        return self._begin_flush()

    def finish(self, flush: Flush | None, end: float, *, at_exit: bool = False) -> bool:
        """Wait until some moment at most, end what is left, and stop."""
        is_done = self._wait_for(flush, end)
        self._speaker.is_exiting = at_exit
        try:
            self._act(self._end)
        finally:  # also if a callback exits
            while self._wake():
                pass
            if self._keeper is not None:
                self._keeper.stop()
                unregister_fork_lock(self._turns.lock)
        if at_exit:
            self._speaker.say_rest()
        else:
            self._act(self._notices.hurry)
            self._speaker.start()
        return is_done

    def disown(self) -> None:
        """In a child: forget the runs, which are the parent's, and end their receipts."""
        for receipt in self._queue.receipts():
            receipt.leave_to_parent()
        if self._keeper is not None:
            self._keeper.leave()
            unregister_fork_lock(self._turns.lock)

    # Turns.

    def _let_in(self, run: Run, action: Callable[[], None]) -> None:
        """Accept a run, or drop it, before an interrupt such as Ctrl-C passes through."""

        def finish() -> None:
            if run.is_accepted:
                return
            try:
                action()
            except BaseException:
                # In the same turn: nobody else shall find it half done.
                if not run.is_accepted:
                    action()
                raise

        try:
            self._act(finish)
        except BaseException:
            self._act(finish)
            raise
        finally:
            self._start_threads()
            self._wake()

    def _make_queue(self) -> RunQueue:
        if self._limits.spool is None:
            return RunQueue(self._limits, self._clock.draw, self._notices.count)
        self._keeper = load_spool()(
            self._limits.spool,
            self._limits,
            self._sender.host,
            clock=self._clock,
            notices=self._notices,
            is_off=self._is_off,
            act=self._act_on_files,
        )
        # No child shall find a file half written.
        register_fork_lock(self._turns.lock)
        return self._keeper.queue

    def _is_off(self) -> bool:
        return is_off(self._sender.configuration)

    def _act(self, action: Callable[[], None]) -> None:
        """Carry out an action on the queue in turn, then end receipts outside of every lock."""
        if not self._turns.take(action):
            return  # a holder of the turn in this very thread does both
        end_receipts(self._queue.endings)

    def _take_over(self) -> bool:
        """Adopt what others left in the spool; tell whether there is more than may be open."""
        if self._keeper is None or self._is_over or self._is_off():
            return False
        has_more = self._keeper.prepare()
        self._start_threads()
        return has_more

    def _end(self) -> None:
        self._queue.abandon(self._last_failure)
        # In the same turn: a worker that looks later sees it, one that looked before is woken.
        self._is_over = True

    def _act_on_files(self, action: Callable[[], None]) -> None:
        """Carry out an action, after which there may be runs that were not there."""
        self._act(action)
        if self._queue.stats.queued:
            self._wake()

    # Threads.

    def _start_threads(self) -> None:
        if self._is_over:
            self._speaker.start()
            return
        while True:
            try:
                name, target = self._unstarted.pop()
            except IndexError:
                return
            if start_thread(name, target) is None:
                self._unstarted.append((name, target))
                return
            self._is_working = True

    def _list_threads(self) -> list[tuple[str, Callable[[], None]]]:
        """Return what threads do, by name, the first to be started last."""
        threads = [(str(number), self._work) for number in range(self._limits.workers)]
        if self._keeper is not None:
            threads.append(("spool", self._keeper.run))
        return threads[::-1]

    def _wake(self) -> bool:
        """Have a worker look that waits; tell whether there is one."""
        try:
            self._idle.pop().put(None)
        except IndexError:
            return False
        return True

    def _work(self) -> None:
        self._workers.add(threading.get_ident())
        load_transport()
        wakes: SimpleQueue[None] = SimpleQueue()
        while not self._is_over:
            try:
                self._work_once(wakes)
            except BaseException as error:  # noqa: BLE001 - nothing may end a thread for good
                warn(f"a thread of the delivery goes on after a {type(error).__name__}")
                self._rest(wakes, LOOK)

    def _work_once(self, wakes: SimpleQueue[None]) -> None:
        self._speaker.say()
        found = self._take(wakes)
        if self._is_over:
            return
        if isinstance(found, Run):
            self._try(found)
        else:
            self._rest(wakes, min(found, self._notices.wait(self._clock.now())))

    def _take(self, wakes: SimpleQueue[None]) -> Run | float:
        """Return the run to try now, or else how many seconds to wait, unless woken."""
        pauses = self._queue.pauses
        settings = self._sender.settings() if pauses.waits_for_settings else None
        taken: list[Run] = []
        waits: list[float] = []

        def take() -> None:
            now = self._clock.now()
            if settings is not None:
                pauses.see_settings(settings, now)
            found = self._queue.take(now)
            if isinstance(found, Run):
                taken.append(found)
            else:
                # In the same turn: whatever comes after it wakes this worker.
                self._idle.append(wakes)
                waits.append(found)

        try:
            self._act(take)
        except BaseException:
            for run in taken:
                self._give_back(run)
            raise
        if not taken:
            return min(waits[0], LOOK) if pauses.waits_for_settings else waits[0]
        if self._queue.stats.queued:
            self._wake()  # another worker may take the next one
        return taken[0]

    def _rest(self, wakes: SimpleQueue[None], seconds: float) -> None:
        """Wait until woken, or for so long."""
        self._clock.wait(wakes, None if seconds == inf else seconds)
        with suppress(ValueError):  # it was woken
            self._idle.remove(wakes)

    def _try(self, run: Run, within: float = inf) -> None:
        try:
            outcome = self._send(run, within)
        except BaseException:
            self._give_back(run)
            raise
        # A success ends what was the matter: it is no reason of what is given up later.
        self._last_failure = outcome.error
        self._act(lambda: self._settle(run, outcome))
        if self._queue.stats.queued:
            self._wake()  # what held others back may be over

    def _send(self, run: Run, within: float) -> Outcome:
        try:
            return self._sender.send(cast("bytes", run.body), run.key, within)
        except Exception as error:  # noqa: BLE001 - no run may end a thread
            warn(f"a run could not be sent, and is tried again: {type(error).__name__}")
            return Outcome("trouble")

    def _give_back(self, run: Run) -> None:
        """Queue a run again that was taken, and that Ctrl-C or the like keeps from being sent."""
        self._act(lambda: self._settle(run, Outcome("trouble")))

    def _settle(self, run: Run, outcome: Outcome) -> None:
        now, queue = self._clock.now(), self._queue
        if outcome.kind == "delivered":
            queue.deliver(run, outcome.run_id)
        elif outcome.kind == "refused":
            queue.refuse(run, outcome.error)
        elif outcome.kind == "trouble":
            queue.keep(run, now, outcome.asked, outcome.error)
        elif queue.deny(run, now, outcome.settings, outcome.error):
            self._notices.tell(
                f"delivery pauses until token or settings change, for 60 s at most: {outcome.error}"
            )

    # Waiting for an end.

    def _end_of(self, timeout: float | None) -> float:
        return inf if timeout is None else self._clock.now() + timeout

    def _begin_flush(self) -> Flush | None:
        begun: list[Flush] = []

        def begin() -> None:
            begun.append(self._queue.flush())
            self._queue.hurry(self._clock.now())

        self._act(begin)
        self._wake()
        # Nothing, in a finalizer or signal handler that came in between this thread's own turn.
        return begun[0] if begun else None

    def _wait_for(self, flush: Flush | None, end: float) -> bool:
        if flush is None:
            return False
        if sys.is_finalizing():
            end = 0.0  # neither threads nor modules are left to send anything
        me = threading.get_ident()
        # In the callback of a receipt, runs may wait for this very thread; and where no thread was
        # to be had, nobody else sends them.
        if me in self._workers or not self._is_working:
            self._work_for(flush, end, me)
        else:
            while not flush.is_over and (left := end - self._clock.now()) > 0:
                self._clock.wait(flush.wakes, None if left == inf else left)
        self._act(lambda: self._queue.forget(flush))
        return flush.left == 0

    def _work_for(self, flush: Flush, end: float, me: int) -> None:
        """Do what a worker would do, until a flush is over or its time is."""
        if me in self._helpers:
            return  # it would do so once more in the callback of each run
        self._helpers.add(me)
        try:
            while not flush.is_over and (left := end - self._clock.now()) > 0:
                found = self._take(flush.wakes)
                if isinstance(found, Run):
                    self._try(found, left)
                else:
                    self._rest(flush.wakes, min(found, left))
        finally:
            self._helpers.discard(me)
            with suppress(ValueError):
                self._idle.remove(flush.wakes)


@cache
def load_spool() -> type[SpoolKeeper]:
    """Load what a spool needs: no run waits for that, and a finalizer at the end could not."""
    from gentrace.delivery.spool_keeper import SpoolKeeper  # noqa: PLC0415 - it loads sqlite3

    return SpoolKeeper
