"""A canary for a token, password and cookie: whatever happens, it is shown nowhere.

Every way of a call to fail is taken with everything that logs turned up, while servers repeat all
that they were sent; then all that was written, and all objects that are left, are looked through.
"""

import contextlib
import functools
import gc
import inspect
import io
import logging
import pickle
import pprint
import signal
import socket
import sys
import tempfile
import threading
import traceback
import types
import warnings
from pathlib import Path
from urllib.parse import quote

import pytest
from support.caller import RUN, TOKEN, Caller
from support.canary import CANARY, leaks, spellings
from support.peers import (
    Peer,
    basic,
    close,
    echo,
    head_of,
    proxy,
    raw,
    reply,
    reset,
    server_tls,
    socks5,
    stall,
)

import gentrace
from gentrace.configuration import LOGGER_FORMAT, Configuration
from gentrace.exceptions import ApiException, InsecureTransportWarning

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
ANSWERS = {
    "refused token": tell(401),
    "refused request": tell(400),
    "broken server": tell(500),
    "busy server": tell(503),
    "status unheard of": tell(799),
    "redirect": tell(302),
    "told reason": tell(500, reason=f"Wrong {CANARY}"),
    "told media type": tell(200, content_type=f"text/plain; was={PASSWORD}"),
    "told in JSON": tell(200, line(f'{{"pipelineRunId": ["{PASSWORD}"]}}')),
    "told in a key": tell(200, line(f'{{"pipelineRunId": {{"{PASSWORD}": 1}}}}')),
    "told beside JSON": tell(200, line(f"{{{CANARY}")),
    "too large": tell(200, ALL.encode() * 100),
    "cut short": raw(STORED[:-2] + b"Content-Length: 99999\r\n\r\n" + ALL.encode()),
    "cut short, but small": raw(
        STORED[:-2] + b"Content-Length: %d\r\n\r\n" % (len(ALL) + 999) + line(CANARY)
    ),
    "redirect to what it got": reply(307, headers={"Location": f"/x?token={PASSWORD}"}),
    "told status line": raw(line(f"{CANARY}\r\n\r\n")),
    "told version": raw(line(f"HTTP/{CANARY} 200 OK\r\n\r\n")),
    "told field": raw(line(f"HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n")),
    "told length": raw(line(f"HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\n\r\n")),
    "told chunk": raw(STORED[:-2] + line(f"Transfer-Encoding: chunked\r\n\r\n{CANARY}\r\n\r\n")),
    "told encoding": tell(200, b"x", content_type="application/json"),
    "closed": close,
    "reset": reset,
}

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


@pytest.mark.parametrize("name", ANSWERS)
@watched
def test_answer_that_repeats_the_canary(name):
    with Peer(ANSWERS[name]) as peer:
        fail(make(peer))
        assert leaks(peer.received), "the canary was not sent"


@pytest.mark.parametrize("name", ["broken server", "closed", "reset", "told status line"])
@watched
def test_call_that_is_sent_again(name):
    with Peer(ANSWERS[name]) as peer:
        fail(make(peer, retries=1))
        assert len(peer.requests) == 2


@watched
def test_redirect_to_what_the_server_got_that_is_sent_again():
    with Peer(ANSWERS["redirect to what it got"], ANSWERS["broken server"]) as peer:
        fail(make(peer, retries=1))
        assert leaks(peer.requests[2].target)


@watched
def test_port_that_is_closed():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    fail(make(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("timeout", [0.2, (1, 0.2)])
@watched
def test_server_that_says_nothing(timeout):
    with Peer(stall) as peer:
        fail(make(peer, timeout=timeout))


@watched
def test_certificate_that_is_not_trusted():
    with Peer(tls=server_tls()) as peer:
        fail(make(peer, ssl_ca_cert=None))
        assert not leaks(peer.received)


@watched
def test_certificate_of_another_name():
    with Peer(tls=server_tls("other.example")) as peer:
        fail(make(peer))
        assert not leaks(peer.received)


@watched
def test_tls_port_by_plain_http():
    with Peer(tls=server_tls()) as peer:
        fail(make(peer.at("127.0.0.1", "http")))


@watched
def test_plain_port_by_tls():
    with Peer(greet=raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as peer:
        fail(make(peer.at("127.0.0.1", "https")))


REFUSING = {
    "refused credentials": tell(407),
    "refused aloud": tell(407, reason=f"Wrong {CANARY}"),
    "broken": tell(502),
    "closed": close,
    "reset": reset,
    "told status line": raw(line(f"{CANARY}\r\n\r\n")),
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", REFUSING)
@watched
def test_proxy_that_refuses(scheme, name):
    """By its address, with the credentials in it, and with header fields of its own."""
    with Peer(REFUSING[name]) as through:
        address = f"http://me:{PASSWORD}@127.0.0.1:{through.address[1]}"
        fail(make(f"{scheme}://target.example/api", proxy=address))
        assert leaks(through.received)


OF_THE_PROXY = {"Proxy-Authorization": "Basic b25seTp0aGUtcHJveHk=", "X-Way": "by-the-back-door"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_only_the_proxy_may_know_is_masked(scheme):
    """Its header fields are not the token, and are hidden whole and in their parts."""

    def repeat(talk, request):
        told = " ".join(request[name].removeprefix("Basic ") for name in OF_THE_PROXY)
        reply(407, told.encode(), {"X-Told": told}, reason=told)(talk, request)

    with Peer(repeat) as through, warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureTransportWarning)
        proxy_url = through.url.removesuffix("/api/v1")
        caller = Caller(
            f"{scheme}://target.example/api", proxy=proxy_url, proxy_headers=OF_THE_PROXY, retries=0
        )
        error = caller.fail()
    shown = f"{error} {vars(error)} {error.__cause__!r}"
    assert "by-the-back-door" not in shown
    assert "b25seTp0aGU" not in shown
    assert "*** ***" in shown


@watched
def test_proxy_of_the_environment_that_refuses():
    with Peer(tell(407)) as through, pytest.MonkeyPatch.context() as patch:
        address = f"http://me:{PASSWORD}@127.0.0.1:{through.address[1]}"
        patch.setenv("https_proxy", address)
        fail(make("https://target.example/api"))
        assert leaks(through.received)


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks4a"])
@watched
def test_proxy_that_is_not_there(scheme):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    fail(make("http://127.0.0.1:1/api", proxy=f"{scheme}://me:{PASSWORD}@127.0.0.1:{port}"))


@watched
def test_socks_proxy_that_refuses():
    with Peer(greet=socks5(("me", "other"))) as through:
        fail(
            make(
                "http://127.0.0.1:1/api",
                proxy=f"socks5h://me:{PASSWORD}@127.0.0.1:{through.address[1]}",
            )
        )


@pytest.mark.parametrize("through", [None, proxy()])
@watched
def test_calls_that_succeed(through):
    """What is left of them shows nothing either; the answer's own fields are masked too."""
    with contextlib.ExitStack() as stack:
        fields = [(name, value) for name, value in ECHOED if not name.startswith(("X-", "L"))]
        peer = stack.enter_context(Peer(reply(headers=fields)))
        settings = {}
        if through is not None:
            between = stack.enter_context(Peer(through))
            settings["proxy"] = f"http://me:{PASSWORD}@127.0.0.1:{between.address[1]}"
        caller = stack.enter_context(Caller(peer, **SETTINGS, **settings))
        caller.client.cookie = CANARY
        answers = [caller.post(), caller.post(skip_deserialization=True), caller.post(stream=True)]
        streamed = caller.post(stream=True, skip_deserialization=True)
        look_through(caller.client, caller.api, streamed, *answers)
        streamed.response.read()
        look_through(caller.client, caller.api, streamed, *answers)
        assert leaks(peer.received)
        look("report", caller.configuration.to_debug_report())


# Exceptions that are not the call's own: our frames are held to the same.


class Stop(BaseException):
    """What a signal handler of the program raises."""


def locals_of_ours(error):
    """What a debugger shows of our frames, each with its function's name and its own."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_qualname}: {name}", repr(value)


@contextlib.contextmanager
def handled(kind):
    def handle(*_):
        raise kind

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def interrupt(talk, _=None):
    """Interrupt the client's thread where it waits for the socket, then say nothing.

    Not while it writes to a log: that drops what is raised there.
    """
    main = threading.main_thread().ident
    waits = {"recv_into", "sendall", "do_handshake", "gettimeout", "read"}
    talk.peer.wait(lambda: sys._current_frames()[main].f_code.co_name in waits)
    signal.pthread_kill(main, signal.SIGUSR1)
    talk.stall()


def interrupt_while_sending(talk):
    talk.read_until(b"\r\n\r\n")
    interrupt(talk)


PHASES = {
    "waiting": {"steps": [interrupt]},
    "reading": {
        "steps": [
            lambda talk, _: (
                talk.send(STORED[:-2] + b"Content-Length: 9999\r\n\r\n", ALL.encode()),
                interrupt(talk),
            )
        ]
    },
    "reading on": {
        "steps": [
            lambda talk, _: (
                talk.send(STORED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"),
                talk.send(b"%x\r\n" % len(ALL.encode()), ALL.encode(), "\r\n"),
                interrupt(talk),
            )
        ]
    },
    "sending": {
        "greet": interrupt_while_sending,
        "body": {"name": "n" * 10_000_000, "step_runs": []},
    },
    "shaking hands": {"greet": interrupt, "tls": True},
}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stop, RuntimeError, TimeoutError])
@pytest.mark.parametrize("phase", PHASES)
@watched
def test_exception_of_a_signal_handler(phase, kind):
    """It passes through as it is, and our frames in its traceback show no secret."""
    what = PHASES[phase]
    tls = server_tls() if what.get("tls") else None
    with Peer(*what.get("steps", ()), greet=what.get("greet"), tls=tls) as peer, handled(kind):
        caller = Caller(peer, **SETTINGS)
        caller.client.cookie = CANARY
        with caller, pytest.raises(kind) as caught:
            caller.post(what.get("body", RUN))
        shown = list(locals_of_ours(caught.value))
        assert shown
        for place, text in shown:
            assert not leaks(text), place
        look_through(caller.client)


@watched
def test_exception_while_waiting_to_send_again():
    def busy(talk, request):
        reply(503, headers={"Retry-After": "60"})(talk, request)
        # Well into the minute that the call waits, not while Python cleans up, which loses it.
        strikes = (threading.main_thread().ident, signal.SIGUSR1)
        threading.Timer(0.5, signal.pthread_kill, strikes).start()

    with (
        Peer(busy) as peer,
        handled(KeyboardInterrupt),
        Caller(peer, **SETTINGS, timeout=300) as caller,
    ):
        with pytest.raises(KeyboardInterrupt) as caught:
            caller.post()
        for place, text in locals_of_ours(caught.value):
            assert not leaks(text), place


SPARED = {"__del__", "_remove", "_parsegen", "makefile"}
"""Functions of Python's own: finalizers, and a generator that has one, which let no exception out;
and a maker of files, whose half-made ones complain when they are finalized."""


def strike(function, start, seen):
    """Call a function, and raise `Stop` at a moment of it, as a signal handler may.

    A moment is the beginning of a Python function or the end of a built-in one: there Python looks
    for signals. It strikes at the first from number `start` on that is not in `seen`, and adds it
    there: where the same calls led to the same instruction before, as in a loop, it was seen.
    Returns the exception, or None if there was no such moment, and the number where it ended.
    """
    has_struck, number = False, 0
    outside = sys._getframe()

    def look(frame, event, _argument):
        nonlocal has_struck, number
        if event not in {"call", "c_return"}:
            return
        number += 1
        if number < start:
            return
        calls = [event]
        while frame is not outside:
            if frame.f_code.co_name in SPARED:
                return
            calls += frame.f_code, frame.f_lasti
            frame = frame.f_back
        if (moment := tuple(calls)) not in seen:
            seen.add(moment)
            has_struck = True
            raise Stop

    # Python drops what is raised in a callback of its collector.
    gc.disable()
    sys.setprofile(look)
    try:
        kept = function()
    except Stop as error:
        return error, number
    finally:
        sys.setprofile(None)
        gc.enable()
    assert not has_struck, ("it did not pass through", kept)
    return None, number


@pytest.mark.parametrize("answer", ["stored", "refused", "broken"])
@pytest.mark.parametrize("state", ["http", "http anew", "https"])
def test_exception_at_every_moment_of_a_call(state, answer):
    """It passes through, shows no secret, and the next call gets its own answer.

    `anew` makes the connection and the request anew for each. Not for TLS: while Python hands a
    descriptor over to its TLS socket, two objects hold it for a moment.
    """

    answers = {
        "stored": reply(200),
        "refused": tell(400),
        "broken": ANSWERS["cut short, but small"],
    }

    def alternate(talk, request):
        works = request["Idempotency-Key"] == "works"
        (echo if works else answers[answer])(talk, request)

    def attempt():
        try:
            return caller.post()
        except ApiException as error:
            return error

    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(Peer(alternate, tls=server_tls() if state == "https" else None))
        caller = Caller(peer, **SETTINGS, connection_pool_maxsize=1, timeout=20, retries=0)
        stack.enter_context(caller)
        attempt()
        start, seen = 0, set()
        for _ in range(10_000):
            if state == "http anew":
                caller.client.close()
                caller.configuration.access_token = CANARY
            error, moment = strike(attempt, start, seen)
            if error is None:
                # Calls differ a little: it starts over, until a whole call has nothing new.
                if start == 0:
                    break
                start = 0
                continue
            for place, shown in locals_of_ours(error):
                assert not leaks(shown), (moment, place)
            # The exception is still there, and keeps its frames: the call has let go of them.
            assert caller.post(idempotency_key="works").body == {"pipelineRunId": "works"}, moment
            start = moment
    assert error is None
    assert len(seen) > 100


@watched
def test_header_fields_of_a_call_that_failed():
    """Those that a caller hands over himself are in no frame of ours."""
    caller = Caller("http://127.0.0.1:1", retries=0)
    with pytest.raises(ApiException) as caught:
        caller.client.call_api("/x", "POST", {"Authorization": f"Bearer {CANARY}"})
    for place, shown in locals_of_ours(caught.value):
        assert not leaks(shown), place


def test_name_of_a_header_field_is_masked():
    with Peer(reply(400, headers={f"X-{TOKEN}": "1"})) as peer, Caller(peer) as caller:
        error = caller.fail()
    assert error.headers["X-***"] == "1"
    assert TOKEN not in f"{error.headers} {error.api_response.response.headers}"


def test_body_that_is_no_json_is_in_no_error_but_the_call_s():
    with Peer(reply(200, b"no JSON")) as peer, Caller(peer) as caller:
        response = caller.raw()
        with pytest.raises(ApiException) as caught:
            response.json()
    assert caught.value.body == b"no JSON"
    assert caught.value.__context__ is None


@watched
def test_mistake_of_the_caller_shows_no_secret():
    with Caller("http://127.0.0.1:1", **SETTINGS) as caller:
        for mistake in ({"timeout": 0}, {"body": {}}, {"content_type": "text/plain"}):
            with pytest.raises((gentrace.ApiTypeError, gentrace.ApiValueError)) as caught:
                caller.post(**mistake)
            look_at_exception(caught.value)
