"""What tests of every part share: the document, and jsonschema as a judge of its schemas."""

import gc
import os
import signal
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator, FormatChecker
from rfc3339_validator import validate_rfc3339

ROOT = Path(__file__).parents[1]

# No test may depend on the speed of a machine.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("suite")

# A shell that runs the tests in the background has them ignore Ctrl-C, and programs inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_date_time(value):
    # The pattern of rfc3339-validator ends with `$`, before which a line break may stand; the
    # standard knows letters in both cases.
    return not isinstance(value, str) or (
        not value.endswith("\n") and validate_rfc3339(value.upper())
    )


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    """No setting, no proxy and no root comes from the environment that the tests run in."""
    for name in list(os.environ):
        if name.startswith(("GENTRACE_", "SSL_CERT_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def connect():
    """Make a `Caller`; it is closed at the end of the test."""
    from support.caller import Caller  # noqa: PLC0415 - most tests make no call

    with ExitStack() as stack:
        yield lambda where, **settings: stack.enter_context(Caller(where, **settings))


@pytest.fixture(scope="session")
def root():
    """The top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def document():
    """The OpenAPI document."""
    return yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))


@pytest.fixture(scope="session")
def judge(document):
    """Make the verdict of jsonschema on a schema, by the name of the component or as it is."""

    @cache
    def named(name):
        return make({"$ref": f"#/components/schemas/{name}"})

    def make(schema):
        if isinstance(schema, str):
            return named(schema)
        # References of the document start at its root.
        whole = {**schema, "components": document["components"]}
        return Draft202012Validator(whole, format_checker=_formats).is_valid

    return make


def pytest_collection_finish():
    """Keep pytest's items out of garbage collections, which would take a sixth of the time.

    What a test makes is collected as ever.
    """
    gc.freeze()


def pytest_terminal_summary(terminalreporter):
    """Say how many verdicts the property tests compared."""
    verdicts = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "verdicts"
    ]
    if verdicts:
        accepted, refused = map(sum, zip(*verdicts, strict=True))
        terminalreporter.write_line(
            f"property tests: {accepted + refused} verdicts compared, "
            f"{accepted} accepted and {refused} refused"
        )
