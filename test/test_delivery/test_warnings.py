"""Warnings of a delivery without its threads: which are due, and which are logged at the end."""

import gc
import logging
import sqlite3
import weakref

import pytest
from support.deliveries import PATIENCE, HandClock
from support.waiting import wait_until

from gentrace import ApiException, ApiValueError
from gentrace.delivery.clock import Clock
from gentrace.delivery.notices import PendingWarnings
from gentrace.delivery.warning_logger import WarningLogger
from gentrace.exceptions import ApiTimeoutException


def test_a_rate_limited_warning_is_logged_once_a_minute():
    warnings = PendingWarnings()
    due = []
    for now in (0, 59, 60):
        warnings.add_rate_limited("the disk is full")
        due.append(warnings.pop_due(now))
    assert due == [["the disk is full"], [], ["the disk is full"]]


def test_a_rate_limited_warning_with_another_error_of_its_kind_is_the_same_warning():
    warnings = PendingWarnings()
    for error in (OSError(28, "full", "a"), OSError(28, "full", "b"), OSError(24, "too many")):
        warnings.add_rate_limited("nothing is stored", error)
    warnings.add_rate_limited("nothing is stored", sqlite3.DatabaseError("damaged"))
    assert warnings.pop_due(0) == [
        "nothing is stored: [Errno 28] full: 'a'",
        "nothing is stored: [Errno 24] too many",
        "nothing is stored: damaged",
    ]


class Text(str):
    """A text that tells whether it is held."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize(("now", "held"), [(59, True), (60, False)])
def test_the_text_of_a_rate_limited_warning_is_held_for_a_minute(now, held):
    """As texts that name a path or an error are new ones again and again."""
    warnings = PendingWarnings()
    text = Text("the file 1 is damaged")
    seen = weakref.ref(text)
    warnings.add_rate_limited(text)
    del text
    assert warnings.pop_due(0) == ["the file 1 is damaged"]
    warnings.add_rate_limited("the file 2 is damaged")
    assert warnings.pop_due(now) == ["the file 2 is damaged"]
    gc.collect()
    assert (seen() is not None) == held


def test_at_the_end_drops_are_logged_at_once_and_no_rate_limited_warning_again():
    warnings = PendingWarnings()
    due = []
    for now in (0, 1, 2):
        warnings.add_rate_limited("the disk is full")
        warnings.count_drop("closed", None)
        if now == 2:
            warnings.expedite_drops()
        due.append(warnings.pop_due(now))
    assert due[0] == ["the disk is full", "1 run was dropped: closed"]
    assert due[1:] == [[], ["2 runs were dropped: closed"]]


def test_what_is_left_at_the_end_is_left_to_the_thread_that_ends_the_program(caplog):
    warnings = PendingWarnings()
    logger = WarningLogger(warnings, HandClock(), lambda action: action())
    warnings.add("the end")
    logger.is_exiting = True
    logger.start_thread()
    assert caplog.messages == []
    logger.log_remaining()
    assert caplog.messages == ["the end"]


def test_drops_of_the_last_minute_are_logged_at_the_end(caplog):
    """Those after that, again once a minute."""
    clock = HandClock()
    warnings = PendingWarnings()
    logger = WarningLogger(warnings, clock, lambda action: action())
    warnings.count_drop("closed", None)
    assert warnings.pop_due(clock.now()) == ["1 run was dropped: closed"]
    for _ in range(3):
        warnings.count_drop("closed", None)
        logger.log_remaining()
        logger.is_exiting = False
    assert caplog.messages == ["1 run was dropped: closed"]


def test_a_filter_that_fails_at_the_end_ends_nothing_else(caplog, monkeypatch):
    """Such as the end of other deliveries."""
    warnings = PendingWarnings()
    logger = WarningLogger(warnings, HandClock(), lambda action: action())
    warnings.add("the end")
    gentrace_logger = logging.getLogger("gentrace")
    monkeypatch.setattr(gentrace_logger, "filters", [lambda _: 1 / 0])
    logger.log_remaining()
    assert caplog.messages == []


def test_a_drop_is_counted_until_a_minute_has_passed_or_all_are_expedited():
    warnings = PendingWarnings()
    due = []
    for now, is_last in ((0, False), (1, False), (2, True)):
        warnings.count_drop("refused", None)
        if is_last:
            warnings.expedite_drops()
        due.append(warnings.pop_due(now))
    assert due == [["1 run was dropped: refused"], [], ["2 runs were dropped: refused"]]


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (ApiTimeoutException(0, "nothing happened for 30 s"), "(0) nothing happened for 30 s"),
        (ApiException(503, "the words of a server"), "(503) Service Unavailable"),
        (ApiValueError("host: expected a URL"), "host: expected a URL"),
    ],
)
def test_a_run_that_failed_too_often_is_dropped_with_the_last_cause(cause, why):
    warnings = PendingWarnings()
    warnings.count_drop("refused", ApiException(400))
    warnings.count_drop("refused", cause)
    warnings.count_drop("closed", None)
    assert warnings.pop_due(0) == [
        f"2 runs were dropped: refused, the last one by {why}",
        "1 run was dropped: closed",
    ]


def test_the_end_waits_for_a_warning_that_is_being_logged(monkeypatch):
    """The end of the program would cut the thread that logs it."""
    monkeypatch.setattr("gentrace.delivery.warning_logger.JOIN_TIMEOUT", PATIENCE)
    warnings = PendingWarnings()
    logger = WarningLogger(warnings, Clock(), lambda action: action())
    begun, logged = [], []

    def log(record):
        begun.append(record)
        wait_until(lambda: logger.is_exiting)
        logged.append(record.getMessage())
        return True

    monkeypatch.setattr(logging.getLogger("gentrace"), "filters", [log])
    warnings.add("a warning")
    logger.start_thread()
    wait_until(lambda: begun)
    logger.log_remaining()
    assert logged == ["a warning"]


def test_warnings_are_logged_after_a_filter_raised_system_exit(monkeypatch):
    warnings = PendingWarnings()
    logger = WarningLogger(warnings, Clock(), lambda action: action())
    seen = []

    def leave(record):
        seen.append(record.getMessage())
        raise SystemExit

    monkeypatch.setattr(logging.getLogger("gentrace"), "filters", [leave])
    for number in range(3):
        warnings.add(f"warning {number}")
        logger.start_thread()
        wait_until(lambda count=number: len(seen) > count)
    assert seen == ["warning 0", "warning 1", "warning 2"]


def test_an_interrupt_while_the_thread_is_started_loses_no_warning(caplog, monkeypatch):
    warnings = PendingWarnings()
    logger = WarningLogger(warnings, Clock(), lambda action: action())
    warnings.add("a warning")

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("gentrace.delivery.warning_logger.start_thread", interrupt)
        with pytest.raises(KeyboardInterrupt):
            logger.start_thread()
    logger.start_thread()
    wait_until(lambda: caplog.messages)
    assert caplog.messages == ["a warning"]
