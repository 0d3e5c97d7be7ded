"""Functions whose type is not Python's own, as those of a module that Cython has compiled."""

import asyncio
import functools
import inspect
from types import MethodType

import pytest
from support.recording import InMemory

from gentrace.recorder import Pipeline, step


class CompiledFunction:
    """Has of a function what Cython's have."""

    def __init__(self, function):
        self._function = function
        functools.update_wrapper(self, function)
        del self.__wrapped__

    def __call__(self, *args, **keywords):
        return self._function(*args, **keywords)

    def __get__(self, instance, owner=None):
        return self if instance is None else MethodType(self, instance)

    __code__ = property(lambda self: self._function.__code__)
    __defaults__ = property(lambda self: self._function.__defaults__)
    __kwdefaults__ = property(lambda self: self._function.__kwdefaults__)


def plain(count, first=0):
    return list(range(first, count))


async def coroutine(count, first=0):
    return list(range(first, count))


def generator(count, first=0):
    yield from range(first, count)


async def async_generator(count, first=0):
    for number in range(first, count):
        yield number


async def collect(generator):
    return [number async for number in generator]


@pytest.mark.parametrize(
    ("function", "finish"),
    [
        (plain, list),
        (coroutine, asyncio.run),
        (generator, list),
        (async_generator, lambda generator: asyncio.run(collect(generator))),
    ],
)
def test_a_compiled_function_is_recorded_as_the_plain_one(function, finish):
    compiled = CompiledFunction(function)
    delivery = InMemory()
    pipeline = Pipeline("a", delivery=delivery)
    decorated = step(compiled)
    assert inspect.signature(decorated) == inspect.signature(function)
    with pipeline.start():
        assert finish(decorated(3)) == [0, 1, 2]
    assert delivery.providers == [
        {
            "name": __name__,
            "invocation": function.__name__,
            "inputs": {"count": 3, "first": 0},
            "outputs": {"output": [0, 1, 2]},
        }
    ]
    assert finish(pipeline.traced(compiled)(2)) == [0, 1]


def test_a_compiled_method_is_recorded_without_self():
    class Owner:
        method = step(CompiledFunction(lambda self, value: (self, value)[1]))

    delivery = InMemory()
    with Pipeline("a", delivery=delivery).start():
        assert Owner().method(1) == 1
    assert delivery.providers[0]["inputs"] == {"value": 1}
