"""Looks for a canary in all that a call leaves: what is written, raised, and still reachable."""

import contextlib
import functools
import inspect
import io
import logging
import pickle
import pprint
import sys
import tempfile
import threading
import traceback
import types
import warnings
from pathlib import Path
from urllib.parse import quote

from support.caller import Caller
from support.canary import CANARY, leaks, spellings
from support.peers import basic, head_of, reply

import gentrace
from gentrace.configuration import LOGGER_FORMAT, Configuration
from gentrace.exceptions import ApiException

PASSWORD = quote(CANARY, safe="")
PACKAGE = str(Path(gentrace.__file__).parent)


# Where a secret could show.


class Dump(logging.Formatter):
    """Everything that a record holds."""

    def format(self, record):
        return f"{super().format(record)} {vars(record)!r} {record.args!r}"


def look(source, shown):
    assert not leaks(shown), (source, leaks(shown))


@contextlib.contextmanager
def logged():
    """Look through all that is logged, with the root logger at DEBUG."""
    log, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(log)
    handler.setFormatter(Dump())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    look("log", log.getvalue())


@contextlib.contextmanager
def debugged(capfd, folder):
    """Look through what the SDK's own settings write: to standard error, and to a file."""
    configuration = Configuration(debug=True, logger_file=folder / "gentrace.log")
    try:
        yield
    finally:
        configuration.debug = False
        configuration.logger_file = None
        configuration.logger_format = LOGGER_FORMAT
    logging.getLogger("of.the.program").error("the end")
    sys.stderr.write("the end")
    streams = capfd.readouterr()
    assert "the end" in streams.err
    assert "Logging error" not in streams.err
    look("standard output", streams.out)
    look("standard error", streams.err)
    for path in folder.rglob("*"):
        look("file name", str(path))
        if path.is_file():
            look("file", path.read_bytes())


def watched(test):
    """Look through all that is written during a test: also warnings and temporary files."""

    @functools.wraps(test)
    def run(capfd, monkeypatch, tmp_path, **arguments):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with warnings.catch_warnings(record=True) as caught, logged(), debugged(capfd, tmp_path):
            warnings.simplefilter("always")
            test(**arguments)
        for warning in caught:
            look("warning", f"{warning!r} {warning.message}")

    *own, _ = inspect.signature(run, follow_wrapped=False).parameters.values()
    wanted = inspect.signature(test).parameters.values()
    run.__signature__ = inspect.Signature([*own, *wanted])
    return run


LEAVES = (
    type(None),
    bool,
    int,
    float,
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.FrameType,
    types.CodeType,
    logging.Logger,
    threading.Thread,
)


def parts(thing):
    """What is inside of an object: items, attributes and slots, as `vars` and a debugger show."""
    if isinstance(thing, (str, bytes, *LEAVES)):
        return
    if isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, (list, tuple, set, frozenset)):
        yield from thing
    elif isinstance(thing, types.MethodType):
        yield thing.__self__
    yield from getattr(thing, "__dict__", {}).values()
    for kind in type(thing).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(AttributeError):
                yield object.__getattribute__(thing, name)


def everything(*roots):
    """All objects that can be reached, each once."""
    found, ahead = {}, list(roots)
    while ahead:
        thing = ahead.pop()
        if id(thing) not in found:
            found[id(thing)] = thing
            ahead += parts(thing)
    assert len(found) < 100_000
    return list(found.values())


def look_through(*roots):
    """No object of ours that can be reached shows the canary, nor what is in it."""
    for thing in everything(*roots):
        if not type(thing).__module__.startswith("gentrace") or isinstance(thing, (str, bytes)):
            continue
        shown = [repr(thing), str(thing), pprint.pformat(thing), repr(list(parts(thing)))]
        if hasattr(thing, "__dict__"):
            shown += [repr(vars(thing)), pprint.pformat(vars(thing))]
        for text in shown:
            assert not leaks(text), (type(thing), leaks(text), text[:2000])


def chain(error):
    """An exception and those that it came of, as Python prints them."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def look_at_exception(error):
    for each in chain(error):
        whole = traceback.TracebackException.from_exception(each, capture_locals=True)
        texts = [
            *whole.format(),
            *traceback.format_exception(each),
            repr(each),
            str(each),
            repr(each.args),
            repr(vars(each)),
        ]
        for text in texts:
            assert not leaks(text), (type(each), leaks(text), text[-2000:])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert not leaks(pickle.dumps(error, protocol))
    log = logging.getLogger("of.the.program")
    log.error("it failed: %s", error, exc_info=error)


# Ways to fail, while servers repeat what they were sent.

ALL = "\n".join(sorted(spellings())) + f"\n{CANARY}"
"""The canary in all of its spellings."""

ECHOED = [
    ("X-Authorization", f"Bearer {CANARY}"),
    ("Set-Cookie", f"session={CANARY}"),
    ("Set-Cookie", f"second={PASSWORD}"),
    ("WWW-Authenticate", f'Bearer realm="{CANARY}"'),
    ("Proxy-Authenticate", f'Basic realm="{CANARY}"'),
    ("X-Escaped", PASSWORD),
    ("X-Basic", basic("me", CANARY)),
    ("Location", f"https://elsewhere.example/?token={PASSWORD}"),
]


def tell(status, body=None, **arguments):
    """An answer that repeats the canary in its head and body."""
    data = ALL.encode() + ALL.encode("latin-1", "replace") if body is None else body
    return reply(status, data, ECHOED, **arguments)


def line(text):
    return text.encode("latin-1")


STORED = head_of(200, None, [("Content-Type", "application/json"), *ECHOED])


SETTINGS = {
    "access_token": CANARY,
    "proxy_headers": {"Proxy-Authorization": basic("me", CANARY), "X-Way": CANARY},
}


def make(where, **settings):
    """A client with secrets in every place."""
    caller = Caller(where, **{"retries": 0, "max_response_body": 20_000} | SETTINGS | settings)
    caller.client.cookie = f"session={CANARY}"
    caller.client.set_default_header("X-Api-Key", CANARY)
    return caller


def fail(caller):
    """A call that fails."""
    with caller:
        try:
            caller.post()
        except ApiException as error:
            look_at_exception(error)
            look_through(error, caller.client, caller.api)
            return
    raise AssertionError("it did not fail")


def locals_of_ours(error):
    """What a debugger shows of our frames, each with its function's name and its own."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_qualname}: {name}", repr(value)
