"""What the SDK's loggers write, where to, and that nobody else's are touched."""

import logging
import os
import re
import sys

import pytest
import urllib3  # noqa: F401 - importing it puts its own handler on its logger
from support.caller import TOKEN
from support.peers import Peer, head_of, reply, reset, send

from gentrace.configuration import LOGGER_FORMAT, Configuration
from gentrace.exceptions import (
    ApiResponseException,
    ApiTypeError,
    ApiValueError,
    ServiceException,
)

FAILING = reply(503, headers={"retry-after-ms": "1"})
"""A call that is sent again says so in the log."""


def state(name):
    logger = logging.getLogger(name)
    return logger.level, list(logger.handlers), logger.propagate, logger.disabled, logger.filters


NAMES = ["", "gentrace", "urllib3", "http.client", "somebody.else"]


@pytest.fixture(autouse=True)
def untouched():
    """Every test leaves all loggers as it found them."""
    before = [state(name) for name in NAMES]
    yield
    configuration = Configuration()
    configuration.debug = False
    configuration.logger_file = None
    configuration.logger_format = LOGGER_FORMAT
    assert [state(name) for name in NAMES] == before


def call(connect, **settings):
    """A call that fails twice, then for good."""
    with Peer(FAILING) as peer:
        connect(peer, **settings).fail(ServiceException)


def test_making_a_configuration_changes_no_logger():
    before = [state(name) for name in NAMES]
    Configuration("https://one.example", "token")
    Configuration.get_default_copy().copy()
    assert [state(name) for name in NAMES] == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"logger_file": "/"},
        {"logger_format": "%(a)s"},
        {"logger_file": "/", "logger_format": "%(message)s"},
        {"logger_file": os.devnull, "logger_format": "%(a)s"},
        {"logger_file": os.devnull, "logger_format": "%(message)s", "debug": 1},
    ],
)
def test_configuration_that_cannot_be_made_changes_no_logger(wrong, capfd):
    """Nor the format that the next one writes in."""
    before = [state(name) for name in NAMES]
    with pytest.raises((ApiTypeError, ApiValueError)):
        Configuration(**{"debug": True} | wrong)
    assert [state(name) for name in NAMES] == before
    Configuration(debug=True)
    logging.getLogger("gentrace").debug("written")
    assert " DEBUG written" in capfd.readouterr().err


def test_deleted_settings_end_what_they_began(tmp_path):
    before = [state(name) for name in NAMES]
    configuration = Configuration(debug=True, logger_file=tmp_path / "calls.log")
    configuration.logger_format = "%(message)s"
    for name in ("debug", "logger_file", "logger_format"):
        delattr(configuration, name)
    assert [state(name) for name in NAMES] == before
    assert configuration.logger_format == LOGGER_FORMAT


def test_loggers_are_those_of_the_process():
    assert Configuration().logger == {
        "package_logger": logging.getLogger("gentrace"),
        "urllib3_logger": logging.getLogger("urllib3"),
    }


def test_without_settings_nothing_is_printed(connect, capfd):
    call(connect)
    assert capfd.readouterr() == ("", "")


def test_debug_writes_calls_to_standard_error(connect, capfd):
    """From the next call on; turned off again it is silent."""
    configuration = Configuration()
    for debug in (True, False, True):
        configuration.debug = debug
        call(connect)
        out, err = capfd.readouterr()
        assert out == ""
        assert ("DEBUG" in err) == debug
        assert ("/pipeline-run" in err) == debug


def test_debug_puts_one_handler_on_each_logger():
    """Asked for any number of times by any configurations, and taken away by one."""
    counts = {name: len(state(name)[1]) for name in NAMES}
    for _ in range(3):
        Configuration(debug=True)
        Configuration().debug = True
    after = {name: len(state(name)[1]) - counts[name] for name in NAMES}
    assert after == dict.fromkeys(NAMES, 0) | {"gentrace": 1, "urllib3": 1}
    assert (
        logging.getLogger("gentrace").level == logging.getLogger("urllib3").level == logging.DEBUG
    )
    Configuration().debug = False
    assert {name: len(state(name)[1]) for name in NAMES} == counts


def test_handlers_of_others_stay():
    own, file = logging.NullHandler(), logging.NullHandler()
    package, transport = Configuration().logger.values()
    package.addHandler(own)
    transport.addHandler(file)
    try:
        configuration = Configuration(debug=True)
        configuration.debug = False
        assert own in package.handlers
        assert file in transport.handlers
    finally:
        package.removeHandler(own)
        transport.removeHandler(file)


def test_level_that_somebody_else_set_comes_back():
    package = logging.getLogger("gentrace")
    package.setLevel(logging.ERROR)
    try:
        configuration = Configuration(debug=True)
        assert package.level == logging.DEBUG
        configuration.debug = False
        assert package.level == logging.ERROR
    finally:
        package.setLevel(logging.NOTSET)


def test_level_that_somebody_sets_meanwhile_stays():
    package = logging.getLogger("gentrace")
    configuration = Configuration(debug=True)
    package.setLevel(logging.ERROR)
    try:
        configuration.debug = False
        assert package.level == logging.ERROR
    finally:
        package.setLevel(logging.NOTSET)


def test_error_of_a_huge_format_is_short():
    with pytest.raises(ApiValueError) as caught:
        Configuration(logger_format="a" * 100_000)
    assert len(str(caught.value)) < 400


def test_logger_file_acts_and_is_changed(connect, tmp_path, capfd):
    """Each file has the calls of its time, and nothing goes anywhere else."""
    configuration = Configuration()
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    for path in (one, two, None):
        configuration.logger_file = path
        call(connect)
    texts = [path.read_text("utf-8") for path in (one, two)]
    for text in texts:
        assert text.count("/pipeline-run") == texts[0].count("/pipeline-run") > 0
    assert capfd.readouterr() == ("", "")
    assert configuration.logger_file is None


@pytest.mark.parametrize("after", [None, "other.log", "/dev/full"])
def test_logger_file_on_a_full_disk_can_be_replaced(connect, tmp_path, after, monkeypatch):
    """What it has not written is lost; nothing else is."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.chdir(tmp_path)
    configuration = Configuration(logger_file="/dev/full")
    call(connect, retries=1)
    configuration.logger_file = after
    assert configuration.logger_file == after
    call(connect, retries=1)
    assert ("/pipeline-run" in "".join(p.read_text("utf-8") for p in tmp_path.iterdir())) == (
        after == "other.log"
    )


def test_debug_and_file_are_independent(connect, tmp_path, capfd):
    path = tmp_path / "calls.log"
    configuration = Configuration(debug=True, logger_file=path)
    call(connect)
    first = path.read_text("utf-8")
    assert "/pipeline-run" in first
    assert "/pipeline-run" in capfd.readouterr().err
    configuration.debug = False
    call(connect)
    assert capfd.readouterr().err == ""
    second = path.read_text("utf-8").removeprefix(first)
    assert "/pipeline-run" in second
    configuration.debug = True
    configuration.logger_file = None
    call(connect)
    assert "/pipeline-run" in capfd.readouterr().err
    assert path.read_text("utf-8") == first + second


def test_file_of_one_configuration_is_not_taken_away_by_making_another(connect, tmp_path):
    path = tmp_path / "calls.log"
    Configuration(logger_file=path)
    call(connect, retries=1)
    assert path.read_text("utf-8")


def test_logger_format_acts_on_both_and_is_changed(connect, tmp_path, capfd):
    path = tmp_path / "calls.log"
    configuration = Configuration(logger_format="<one> %(message)s", debug=True, logger_file=path)
    call(connect)
    configuration.logger_format = "<two> %(name)s %(message)s"
    call(connect)
    for text in (path.read_text("utf-8"), capfd.readouterr().err):
        assert re.search(r"(?m)^<one> .*/pipeline-run", text)
        assert re.search(r"(?m)^<two> gentrace .*/pipeline-run", text)
        assert text.index("<one>") < text.index("<two>")


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("debug", 1, ApiTypeError),
        ("debug", None, ApiTypeError),
        ("logger_file", 1, ApiTypeError),
        ("logger_file", "", ApiValueError),
        ("logger_file", "a\0b", ApiValueError),
        ("logger_file", "/no/such/folder/file.log", ApiValueError),
        ("logger_file", "/", ApiValueError),
        ("logger_file", "a\ud800", ApiValueError),
        ("logger_format", None, ApiTypeError),
        ("logger_format", "no field", ApiValueError),
        ("logger_format", "%(message)", ApiValueError),
        ("logger_format", "%(nope)s", ApiValueError),
        ("logger_format", "%(name)d", ApiValueError),
    ],
)
def test_setting_that_cannot_work_is_refused(connect, tmp_path, name, value, kind):
    """What was set before stays and goes on acting."""
    path = tmp_path / "calls.log"
    configuration = Configuration(logger_file=path)
    before = getattr(configuration, name)
    with pytest.raises(kind, match=rf"^{name}: expected ."):
        setattr(configuration, name, value)
    assert getattr(configuration, name) == before
    call(connect, retries=1)
    assert "/pipeline-run" in path.read_text("utf-8")


def test_http_clients_own_print_stays_off(connect, capfd):
    call(connect, debug=True)
    out, err = capfd.readouterr()
    assert "send:" not in out + err
    assert sys.modules["http.client"].HTTPConnection.debuglevel == 0


def said(caplog):
    """What the log says of the requests of a call, without the times."""
    line = re.compile(r"POST http://127\.0\.0\.1:\d+(/\S+) \(key \w+\): (.*)")
    records = [record.getMessage() for record in caplog.records if record.name == "gentrace"]
    found = [
        line.fullmatch(text) or re.fullmatch("(pipeline_run_post): (.*)", text) for text in records
    ]
    return [(one[1], re.sub(r"\d+(\.\d+)? m?s", "T", one[2])) for one in found]


def test_every_request_and_retry_is_logged(connect, caplog):
    """Where it went, how it ended, how much went over the wire; why and when another follows."""
    caplog.set_level(logging.DEBUG)
    call(connect, retries=1)
    path = "/api/v1/pipeline-run"
    assert said(caplog) == [
        (path, "request 1: 503 after T, 60 bytes sent, 17 bytes received"),
        (path, "another request in T, as the answer was 503"),
        (path, "request 2: 503 after T, 60 bytes sent, 17 bytes received"),
    ]


def test_redirects_and_lost_answers_are_logged(connect, caplog):
    """And the id of the run that was stored, but for what is a secret of it."""
    caplog.set_level(logging.DEBUG)
    moved = reply(307, b"", {"Location": "/there"})
    stored = reply(200, {"pipelineRunId": f"run-{TOKEN}"})
    with Peer(moved, reset, stored) as peer:
        connect(peer).post()
        lost = f"{peer.origin}: Connection reset by peer, while waiting for the answer"
    assert said(caplog) == [
        ("/api/v1/pipeline-run", "request 1: 307 after T, 60 bytes sent"),
        ("/there", f"failed after T: {lost}"),
        ("/there", "another request in T, as no complete answer came"),
        ("/there", "request 3: 200 after T, 60 bytes sent, 40 bytes received"),
        ("pipeline_run_post", "pipelineRunId run-***"),
    ]


def test_no_line_of_the_own_handler_shows_a_token_that_the_path_repeats(connect, capfd):
    """Neither the SDK's own lines, nor those of urllib3, which knows no secret."""
    with Peer(reply(200)) as peer:
        caller = connect(peer, debug=True)
        caller.client.call_api(f"/x/{TOKEN}?key={TOKEN}", "GET")
    logging.getLogger("urllib3").debug("of nobody's call: %s", TOKEN)
    lines = capfd.readouterr().err.splitlines()
    assert sum("/x/***?key=*** HTTP/1.1" in line for line in lines) == 1
    assert [TOKEN in line for line in lines] == [False] * (len(lines) - 1) + [True]


@pytest.mark.parametrize("arguments", [{"host": None}, {"auth_settings": []}])
def test_no_line_shows_a_secret_that_only_the_path_of_a_call_has(connect, capfd, arguments):
    """Those of the client, which such a call does not send as header fields."""
    with Peer(reply(200)) as peer, Peer(reply(200)) as other:
        caller = connect(peer, debug=True)
        caller.client.cookie = "session=cookie-of-the-client"
        if "host" in arguments:
            arguments = {"host": other.url}
        caller.client.call_api(f"/x/{TOKEN}/cookie-of-the-client", "GET", **arguments)
    err = capfd.readouterr().err
    assert "/x/***/***" in err
    assert TOKEN not in err


def test_no_line_about_a_retry_shows_a_token_that_the_path_repeats(connect, capfd):
    """Whatever the retry follows: a status, a lost answer, a redirect."""
    moved = reply(307, b"", {"Location": "/elsewhere"})
    with Peer(FAILING, reset, moved, FAILING) as peer:
        caller = connect(peer, debug=True)
        caller.client.call_api(f"/x/{TOKEN}?key={TOKEN}", "GET")
        assert len(peer.requests) == 4
    err = capfd.readouterr().err
    assert err.count("Incremented Retry") == 2
    assert TOKEN not in err


def test_path_that_is_refused_shows_no_query(connect):
    with pytest.raises(ApiValueError, match=r"got str 'x\?\*\*\*'$"):
        connect("http://127.0.0.1:1").client.call_api(f"x?key={TOKEN}", "GET")


def test_what_a_server_says_is_one_line_of_bounded_length(connect, caplog):
    caplog.set_level(logging.DEBUG, "gentrace")
    with Peer(reply(200, {"pipelineRunId": "a\nERROR " + "x" * 10_000})) as peer:
        connect(peer).post()
    shown = caplog.messages[-1]
    assert "a\\nERROR xxx" in shown
    assert len(shown) <= 1001


@pytest.mark.parametrize("wrong", [{"Content-Length": "-1"}, {"Transfer-Encoding": "x"}])
def test_an_answer_that_cannot_be_read_is_logged(connect, caplog, wrong):
    caplog.set_level(logging.DEBUG, "gentrace")
    with Peer(send(head_of(200, headers=wrong))) as peer:
        connect(peer).fail(ApiResponseException)
    assert [text.partition("failed after ")[1] for text in caplog.messages] == ["failed after "]


def test_a_program_may_take_the_handlers_off(tmp_path):
    configuration = Configuration(debug=True, logger_file=tmp_path / "calls.log")
    logger = logging.getLogger("gentrace")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    configuration.debug = False
    configuration.logger_file = None


def test_format_may_have_fields_of_the_programs_own_records():
    """As tracing adds to all records."""
    before = logging.getLogRecordFactory()

    def make(*arguments, **keywords):
        record = before(*arguments, **keywords)
        record.trace_id = "none"
        return record

    configuration = Configuration()
    logging.setLogRecordFactory(make)
    try:
        configuration.logger_format = "%(trace_id)s"
    finally:
        logging.setLogRecordFactory(before)
        configuration.logger_format = LOGGER_FORMAT
