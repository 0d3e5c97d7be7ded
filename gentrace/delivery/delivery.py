"""The class that users make: it delivers runs in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike, urandom
from typing import TYPE_CHECKING, Any, Self, cast
from weakref import WeakKeyDictionary

from gentrace.api_client import ApiClient, check_client
from gentrace.configuration import (
    check_positive,
    check_seconds,
    hide_arguments,
    refuse,
)
from gentrace.configuration.files import check_path
from gentrace.delivery.clock import Clock
from gentrace.delivery.engine import Engine, load_spool
from gentrace.delivery.exits import has_exited, register, unregister
from gentrace.delivery.limits import Limits
from gentrace.delivery.masking import Mask, MaskFailedError, mask_run
from gentrace.delivery.off import is_off
from gentrace.delivery.receipt import Receipt
from gentrace.delivery.sending import Sender
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.operations.arguments import make_key
from gentrace.process import Process, call_after_fork, current_process, fork_safe_imports
from gentrace.schemas import ObjectSchema, encode

if TYPE_CHECKING:
    from pathlib import Path

    from gentrace.delivery.stats import DeliveryStats

RUN = ObjectSchema(PipelineRunRequest)


class Delivery:
    """Takes runs, and sends them in the background until the server has stored each.

    Making one opens nothing and starts no thread; the first run does. One delivery serves any
    number of threads. A forked child begins with an empty one of its own. A copy is the delivery
    itself; pickles of it become one delivery in each other process, which begins empty. It is a
    context manager, whose end closes it; one that is still open when the interpreter ends is closed
    then.

    Args:
        api_client: whose configuration says where runs go; its own retries are not used. None
            makes one of the default configuration, which is closed with the delivery.
        spool: directory in which runs survive the process; None keeps them in memory alone.
        max_runs: how many runs may be held in memory, those being sent included.
        max_bytes: how many bytes may be held in memory; a run counts as its body and 2 KiB.
        workers: how many runs are sent at once, over as many connections of its own, also where
            `connection_pool_maxsize` is less.
        mask: function that gets each step as a plain dict in wire names before anything else sees
            it, and returns what is kept of it; None masks nothing. Also an attribute.
        exit_timeout: seconds that the interpreter's end waits for what is left; 0 does not wait.
        spool_max_bytes: how many bytes the spool's file may have, with its log.
        spool_max_age: seconds after which a run in the spool is dropped as `expired`.

    Attributes:
        clock: tells the time and waits; a subclass may have another one.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: an argument that is not allowed; or, without `api_client`, an invalid
            environment variable.
        FileNotFoundError: `spool` is relative, and the working directory was removed.

    """

    clock = Clock()

    @hide_arguments
    def __init__(  # noqa: PLR0913 - the parameters of the contract
        self,
        api_client: ApiClient | None = None,
        *,
        spool: str | PathLike[str] | None = None,
        max_runs: int = 10_000,
        max_bytes: int = 64 * 2**20,
        workers: int = 4,
        mask: Mask | None = None,
        exit_timeout: float = 5.0,
        spool_max_bytes: int = 2**30,
        spool_max_age: float = 7 * 86400,
    ) -> None:
        self._owns_client = api_client is None
        self._client = ApiClient() if api_client is None else check_client(api_client)
        self._limits = Limits(
            max_runs=check_positive("max_runs", max_runs),
            max_bytes=check_positive("max_bytes", max_bytes),
            workers=check_positive("workers", workers),
            spool=_check_directory(spool),
            spool_max_bytes=check_positive("spool_max_bytes", spool_max_bytes),
            spool_max_age=check_seconds("spool_max_age", spool_max_age),
        )
        self._exit_timeout = check_seconds("exit_timeout", exit_timeout)
        self.mask = mask
        self._sender = Sender(self._client, self._limits.workers)
        # By process. Replacing one is a single step: a lock could be held in a fork.
        self._engines: dict[Process, Engine] = {}
        self._identity = urandom(16)
        _all[self] = None

    @property
    def api_client(self) -> ApiClient:
        """The client whose configuration says where runs go; changes act on the next try."""
        return self._client

    @property
    def mask(self) -> Mask | None:
        """The function that sees each step before anything else does; None for none."""
        return self._mask

    @mask.setter
    def mask(self, value: Mask | None) -> None:
        if not (value is None or callable(cast("object", value))):
            raise refuse("mask", "a function of a step, or None", value, kind=True)
        self._mask = value

    def __repr__(self) -> str:
        return f"<gentrace.Delivery to {self._client.configuration.host}: {self.stats()}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what makes it in another process: all but its runs, threads and connections."""
        sender = Sender(self._client, self._limits.workers)
        return _restore, (type(self), {**vars(self), "_engines": {}, "_sender": sender})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self,
        run: PipelineRunRequest | Mapping[str, object],
        *,
        idempotency_key: str | None = None,
    ) -> Receipt:
        """Check a run and queue it; only its mistakes raise, and it waits only for a spool.

        Args:
            run: the run: a model, or a mapping that makes one, by Python names or wire names.
            idempotency_key: key that makes this run the same as another one with that key; None
                makes a new one.

        Returns:
            A future of the id under which the run is stored.

        Raises:
            ApiTypeError: the run is of the wrong type, or lacks a property.
            ApiValueError: the run is not allowed.

        """
        key = None if idempotency_key is None else make_key("POST", idempotency_key)
        receipt = Receipt(key)
        off = self.off_reason()
        if off is not None:
            receipt.end_with(off)
            return receipt
        rules, dumps = self._sender.encoding()
        mask = self._mask
        if mask is None:
            self.enqueue(_trim(RUN.serialize(run, rules, dumps), dumps), receipt)
            return receipt
        checked = RUN.check(run, rules)
        try:
            masked = mask_run(mask, checked, rules)
        except MaskFailedError:
            self.drop(receipt, "mask_failed")
        except BaseException:  # such as Ctrl-C
            self.drop(receipt, "mask_failed")
            raise
        else:
            self.enqueue(_trim(encode(masked, dumps), dumps), receipt)
        return receipt

    def enqueue(self, body: bytes, receipt: Receipt) -> None:
        """Queue a run that is checked, masked and encoded; its receipt ends with it."""
        self._registered_engine().enqueue(body, receipt)
        self._close_after_exit()

    def drop(self, receipt: Receipt, reason: str) -> None:
        """Count a run as accepted and dropped, and end its receipt with that reason."""
        self._registered_engine().reject(receipt, reason)
        self._close_after_exit()

    def off_reason(self) -> str | None:
        """Return "disabled" if delivery is off, by the environment or for lack of a token, or None.

        If it is off, the logger `gentrace` warns about it once.
        """
        return "disabled" if is_off(self._client.configuration) else None

    def stats(self) -> DeliveryStats:
        """Return a consistent snapshot of the counters of this process."""
        return self._engine().stats

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all runs that were accepted before this call have ended.

        A delivery that is paused tries at once, unless the server asked to wait. With a spool,
        orphaned files in it are adopted first, unless delivery is off. In the callback of a
        receipt, the calling thread sends the runs itself; a flush in a callback that this calls
        does not wait.

        Args:
            timeout: seconds to wait at most; None waits without limit.

        Returns:
            Whether all of them have ended.

        """
        seconds = _check_timeout(timeout)
        return self._registered_engine().flush(seconds)

    def close(self, timeout: float | None = 5.0) -> bool:
        """Flush, then stop: what is left is dropped as `closed`, or stays in the spool.

        Args:
            timeout: seconds to wait at most; None waits without limit.

        Returns:
            Whether all runs had ended.

        """
        is_done = self._engine().close(_check_timeout(timeout))
        self._release()
        return is_done

    def is_open_as(self, identity: bytes) -> bool:
        """Tell whether it is the delivery with this identity, which its pickles keep, and open."""
        return self._identity == identity and not self._engine().is_closed

    def disown_inherited(self) -> None:
        """Leave the runs of other processes to these, in a forked child."""
        process = current_process()
        for other, engine in list(self._engines.items()):
            if other != process:
                engine.disown()
                self._engines.pop(other, None)

    def _close_after_exit(self) -> None:
        """Close at once if the exit functions have run; log drops if it was closed before."""
        if not has_exited():
            return
        engine = self._engine()
        if engine.is_closed:
            engine.log_remaining()
        else:
            self._begin_exit()()

    def _begin_exit(self) -> Callable[[], None]:
        """Begin to close at the end of the process; return a function that waits and finishes."""
        engine = self._engine()
        end = self.clock.now() + self._exit_timeout
        flush = engine.begin_close(at_exit=True)

        def finish() -> None:
            engine.finish(flush, end, at_exit=True)
            self._release()

        return finish

    def _engine(self) -> Engine:
        process = current_process()
        engine = self._engines.get(process)
        if engine is None:
            made = Engine(self._limits, self._sender, self.clock)
            engine = self._engines.setdefault(process, made)
            self.disown_inherited()  # a C program may fork without calling our hook
        return engine

    def _registered_engine(self) -> Engine:
        """Return the engine; unless it is closed, the end of the process closes it."""
        engine = self._engine()
        if not engine.is_closed:
            register(self._begin_exit)
        return engine

    def _release(self) -> None:
        unregister(self._begin_exit)
        self._sender.close()
        if self._owns_client:
            self._client.close()


_all: WeakKeyDictionary[Delivery, None] = WeakKeyDictionary()
"""All deliveries of the program, in the order in which they were made."""


def list_deliveries() -> list[Delivery]:
    """Return all deliveries of the program, open or not."""
    # Other threads may make some meanwhile: `keyrefs` copies in one step.
    return [each for reference in _all.keyrefs() if (each := reference()) is not None]


def _restore(kind: type[Delivery], state: dict[str, Any]) -> Delivery:
    """Return the delivery of a pickle: one for all, as each task of a worker may bring another."""
    found = _find_open(state["_identity"])
    if found is None:
        restored = object.__new__(kind)
        vars(restored).update(state)
        _all[restored] = None
        # Another thread may restore it at the same time: both take the one that came first.
        found = _find_open(state["_identity"]) or restored
    return found


def _find_open(identity: bytes) -> Delivery | None:
    return next((each for each in list_deliveries() if each.is_open_as(identity)), None)


def _disown_all() -> None:
    for delivery in list_deliveries():
        delivery.disown_inherited()


call_after_fork(_disown_all)


def _trim(body: bytes, dumps: object) -> bytes:
    """Return a body in no more memory than it needs."""
    # A text of orjson keeps its buffer of 128 KiB.
    return body if dumps is None else bytes(memoryview(body))


def _check_directory(value: object) -> Path | None:
    if value is None:
        return None
    path = check_path("spool", value)
    # A spool's modules are imported here, not with the first run.
    with fork_safe_imports():
        from gentrace.directories import absolute  # noqa: PLC0415 - few deliveries have a spool

    load_spool()
    return absolute(path)


def _check_timeout(value: float | None) -> float | None:
    return None if value is None else check_seconds("timeout", value)
