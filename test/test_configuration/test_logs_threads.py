"""The settings of logging where threads change them at once."""

import logging
from threading import Barrier

from support.together import run_together, switching_often

from gentrace.configuration import LOGGER_FORMAT, Configuration

NAMES = ["gentrace", "urllib3"]


def states():
    loggers = map(logging.getLogger, NAMES)
    return [(logger.level, list(logger.handlers)) for logger in loggers]


def test_threads_that_set_the_loggers_together_leave_nothing():
    """Such as workers that each make a configuration of their own."""
    before = states()
    together = Barrier(4)

    def change():
        together.wait(30)
        for _ in range(200):
            Configuration(debug=True, logger_format="%(message)s")
            Configuration(debug=False)

    try:
        with switching_often():
            run_together(4, change)
    finally:
        Configuration(debug=False, logger_format=LOGGER_FORMAT)
    assert states() == before
