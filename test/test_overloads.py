"""An overload says of a function what its implementation has: names, kinds and defaults."""

import importlib
import inspect
import pkgutil
from typing import get_overloads

import pytest

import gentrace
from gentrace.recorder import PipelineRun, step


def _functions(module):
    owners = [each for each in vars(module).values() if inspect.isclass(each)]
    for owner in (module, *owners):
        for each in vars(owner).values():
            if inspect.isfunction(each) and each.__module__ == module.__name__:
                yield each


def _overloaded():
    names = [each.name for each in pkgutil.walk_packages(gentrace.__path__, "gentrace.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    found = {each for module in modules for each in _functions(module) if get_overloads(each)}
    assert found, "a test of nothing would be skipped"
    return sorted(found, key=lambda each: each.__qualname__)


def _parameters(function):
    signature = inspect.signature(function)
    return {each.name: (each.kind, each.default) for each in signature.parameters.values()}


@pytest.mark.parametrize("function", _overloaded(), ids=lambda each: each.__qualname__)
def test_overloads_have_the_parameters_of_their_function(function):
    has = _parameters(function)
    said = [_parameters(each) for each in get_overloads(function)]
    for parameters in said:
        for name, (kind, default) in parameters.items():
            assert kind in {has[name][0], inspect.Parameter.POSITIONAL_ONLY}, name
            assert default in {..., inspect.Parameter.empty, has[name][1]}, name
    assert {name for each in said for name in each} == {*has}


def test_both_functions_that_make_a_step_have_the_same_parameters():
    (_, *of_a_run), of_the_current_run = _parameters(PipelineRun.step).items(), _parameters(step)
    assert dict(of_a_run) == of_the_current_run
