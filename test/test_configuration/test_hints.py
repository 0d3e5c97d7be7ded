"""Annotations can be read at run time, and reading them loads no transport."""

import inspect
import json
import subprocess
import sys
import typing

import pytest

from gentrace.configuration import SETTINGS, Configuration, Settings
from gentrace.configuration.settings import DeclaredSettings

PARAMETERS = [
    "host",
    "access_token",
    "server_index",
    "server_variables",
    "server_operation_index",
    "server_operation_variables",
    "disabled_client_side_validations",
]


def test_signature_of_a_configuration_can_be_evaluated():
    parameters = inspect.signature(Configuration, eval_str=True).parameters
    assert list(parameters) == [*PARAMETERS, "settings"]
    assert parameters["host"].annotation == str | None
    assert inspect.signature(Configuration.__init__, eval_str=True).parameters["access_token"]


def test_hints_name_every_setting_and_parameter():
    named = {*typing.get_type_hints(Configuration), "host"}
    assert set(SETTINGS) <= named
    assert {*PARAMETERS, "settings"} <= set(typing.get_type_hints(Configuration.__init__))
    assert {*typing.get_type_hints(Settings), *PARAMETERS} == set(SETTINGS)


def test_a_keyword_has_the_type_that_its_setting_may_be_set_to():
    declared = typing.get_type_hints(DeclaredSettings)
    for name, hint in typing.get_type_hints(Settings).items():
        _, settable = typing.get_args(declared[name])
        assert settable == hint, name


@pytest.mark.parametrize(
    "method",
    [
        Configuration.set_default,
        Configuration.get_default_copy,
        Configuration.get_host_from_settings,
        Configuration.host_of,
        Configuration.auth_settings,
        Configuration.logger.fget,
    ],
)
def test_hints_of_methods_can_be_read(method):
    assert "return" in typing.get_type_hints(method)
    assert inspect.signature(method, eval_str=True)


def test_neither_making_nor_reading_loads_the_transport():
    code = """
import json, sys, typing
sys.path[:] = json.loads(sys.argv[1])
from gentrace.configuration import Configuration, Settings
import gentrace.configuration.proxies
Configuration("https://one.example", "token", proxy="http://me:pw@proxy", retries=1)
heavy = {"urllib3", "ssl", "logging", "http", "socket"} & set(sys.modules)
assert not heavy, heavy
for thing in (Configuration, Configuration.__init__, Settings):
    typing.get_type_hints(thing)
assert "urllib3" not in sys.modules and "ssl" not in sys.modules
"""
    # Without `site`, which loads what is installed beside, such as a measurement of coverage.
    command = [sys.executable, "-I", "-S", "-c", code, json.dumps(sys.path)]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 - our own
