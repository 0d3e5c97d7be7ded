"""A decorated function is what the plain one is, and does what that does."""

import asyncio
import functools
import inspect
import pickle
import types
import typing
from abc import ABC, abstractmethod
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.effort import times
from support.recording import InMemory
from support.subjects import (
    Owner,
    async_generator,
    coroutine,
    generator,
    plain,
    trace_of,
)

from gentrace.exceptions import ApiTypeError
from gentrace.recorder import Pipeline, current_run, current_step, step

KINDS = {
    "plain": plain,
    "coroutine": coroutine,
    "generator": generator,
    "async_generator": async_generator,
}
PIPELINE = Pipeline("a", delivery=InMemory())
DECORATORS = {
    "step": step,
    "step called": step(),
    "step named": step("openai", invocation="chat", capture_inputs=False, capture_outputs=False),
    "run.step": PIPELINE.start().step,
    "traced": PIPELINE.traced,
    "traced called": PIPELINE.traced(),
    "both": lambda function: PIPELINE.traced(step(function)),
}


@pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)
@pytest.mark.parametrize("function", KINDS.values(), ids=KINDS)
def test_what_a_function_says_of_itself_stays(function, decorate):
    decorated = decorate(function)
    assert decorated is not function
    assert inspect.signature(decorated) == inspect.signature(function)
    assert typing.get_type_hints(decorated) == typing.get_type_hints(function)
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        assert getattr(decorated, name) == getattr(function, name)
    for tell in (
        inspect.isfunction,
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    ):
        assert tell(decorated) == tell(function), tell


_values = st.none() | st.integers() | st.dictionaries(st.text(max_size=2), st.integers())
_errors = st.sampled_from([ValueError("a"), KeyError("b"), StopIteration(5), KeyboardInterrupt()])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(DECORATORS)), st.booleans(), _values, st.none() | _errors)
def test_calls_do_what_plain_ones_do(name, inside, value, error):
    decorated = DECORATORS[name](plain), DECORATORS[name](coroutine)
    for function, other in zip((plain, coroutine), decorated, strict=True):
        results = []
        for each in (function, other):
            log = []
            is_async = inspect.iscoroutinefunction(each)

            def call(each=each, log=log, is_async=is_async):
                made = each(log, value, raises=error)
                return asyncio.run(made) if is_async else made

            with PIPELINE.start() if inside else nullcontext():
                results.append((trace_of(call), log))
        assert results[0] == results[1]


def _drive(function, reactions, actions, log):
    """Do things to a generator; gives what came of each."""
    made = function(log, reactions)
    results = []
    for action, argument in actions:
        if action == "next":
            results.append(trace_of(lambda: next(made)))
        elif action == "send":
            results.append(trace_of(lambda argument=argument: made.send(argument)))
        elif action == "throw":
            results.append(trace_of(lambda argument=argument: made.throw(argument)))
        else:
            results.append(trace_of(made.close))
    # As it may yield instead of ending.
    return results + [trace_of(made.close) for _ in range(6)]


async def _drive_async(function, reactions, actions, log):
    made = function(log, reactions)
    results = []

    async def trace(waited):
        try:
            return "returned", await waited
        except BaseException as error:  # noqa: BLE001 - that is what is compared
            return "raised", type(error), error.args, type(error.__context__)

    for action, argument in actions:
        if action == "next":
            results.append(await trace(anext(made)))
        elif action == "send":
            results.append(await trace(made.asend(argument)))
        elif action == "throw":
            results.append(await trace(made.athrow(argument)))
        else:
            results.append(await trace(made.aclose()))
    results.append(await trace(made.aclose()))
    return results


_reactions = st.lists(
    st.sampled_from(["yield", "yield", "yield", "return", "raise", "reraise"]), max_size=5
)
_actions = st.lists(
    st.tuples(
        st.sampled_from(["next", "next", "send", "throw", "close"]),
        st.sampled_from([None, 1, "a"]),
    ).map(lambda pair: pair if pair[0] != "throw" else (pair[0], ValueError("thrown"))),
    max_size=7,
)


@settings(max_examples=times(300))
@given(st.sampled_from(list(DECORATORS)), st.booleans(), _reactions, _actions, st.booleans())
def test_generators_do_what_plain_ones_do(name, inside, reactions, actions, exits):
    if exits:
        actions = [*actions, ("throw", GeneratorExit("own")), ("next", None)]
    decorated = DECORATORS[name](generator)
    results = []
    for function in (generator, decorated):
        log = []
        with PIPELINE.start() if inside else nullcontext():
            results.append((_drive(function, reactions, actions, log), log))
            assert current_step() is None
    assert results[0] == results[1]


@settings(max_examples=times(200))
@given(st.sampled_from(list(DECORATORS)), st.booleans(), _reactions, _actions, st.booleans())
def test_async_generators_do_what_plain_ones_do(name, inside, reactions, actions, exits):
    if exits:
        actions = [*actions, ("throw", GeneratorExit("own")), ("next", None)]
    decorated = DECORATORS[name](async_generator)
    results = []
    for function in (async_generator, decorated):
        log = []

        async def main(function=function, log=log):
            with PIPELINE.start() if inside else nullcontext():
                return await _drive_async(function, reactions, actions, log)

        results.append((asyncio.run(main()), log))
    assert results[0] == results[1]


def test_methods_of_every_kind(pipeline, delivery):
    class Decorated(Owner):
        method = step(Owner.method)
        of_class = step(Owner.__dict__["of_class"])
        of_none = step(Owner.__dict__["of_none"])

        @classmethod
        @step("inner")
        def inside(cls, a):
            return cls, a

    owner = Decorated("own")
    with pipeline.start():
        assert owner.method(1) == Decorated.method(owner, 1) == ("own", 1, 2)
        assert owner.of_class(2) == Decorated.of_class(2) == ("Decorated", 2)
        assert owner.of_none(3) == Decorated.of_none(3) == 3
        assert owner.inside(4) == (Decorated, 4)
    assert [provider["inputs"] for provider in delivery.providers] == [
        *[{"a": 1, "b": 2}] * 2,
        *[{"a": 2}] * 2,
        *[{"a": 3}] * 2,
        {"a": 4},
    ]
    assert delivery.providers[0]["invocation"] == "Owner.method"
    assert delivery.providers[0]["name"] == "support.subjects"
    assert type(vars(Decorated)["of_class"]) is classmethod
    assert type(vars(Decorated)["of_none"]) is staticmethod


def test_bound_and_builtin_functions(pipeline, delivery):
    with pipeline.start():
        assert step(Owner(1).method)(2) == (1, 2, 2)
        assert step(len)([1]) == 1
        assert step(dict.fromkeys)([1]) == {1: None}
        assert step(max)(1, 2) == 2  # of which nothing says what its arguments are called
    assert [provider.get("inputs") for provider in delivery.providers] == [
        {"a": 2, "b": 2},
        {"obj": [1]},
        {"iterable": [1], "value": None},
        None,
    ]


def test_abstract_method_stays_abstract():
    class Base(ABC):
        @step
        @abstractmethod
        def method(self): ...

    with pytest.raises(TypeError, match="abstract"):
        Base()


def test_generator_based_coroutine_can_be_awaited(pipeline, delivery):
    @step
    @types.coroutine
    def old():
        yield from asyncio.sleep(0).__await__()
        return 5

    async def main():
        with pipeline.start():
            return await old()

    assert asyncio.run(main()) == 5
    assert len(delivery.steps) == 1


@step
def module_level(a):
    return a


def test_decorated_function_pickles():
    assert pickle.loads(pickle.dumps(module_level)) is module_level  # noqa: S301 - ours


@pytest.mark.parametrize("kind", ["function", "generator", "async generator", "method"])
def test_a_decorated_function_of_a_script_goes_to_another_process(kind):
    """As Dask, Ray and Spark send what no module has: by value."""
    cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with Dask")

    @step
    def numbers(n):
        yield from range(n)

    @step
    async def awaited_numbers(n):
        for number in range(n):
            yield number

    class Numbers:
        @step
        def of(self, n):
            yield from range(n)

    async def collect(function):
        return [number async for number in function(2)]

    used = {
        "function": (step(lambda n: list(range(n))), lambda function: function(2)),
        "generator": (numbers, lambda function: list(function(2))),
        "async generator": (awaited_numbers, lambda function: asyncio.run(collect(function))),
        "method": (Numbers, lambda kind: list(kind().of(2))),
    }
    decorated, use = used[kind]
    there = cloudpickle.loads(cloudpickle.dumps(decorated))
    delivery = InMemory()
    with Pipeline("a", delivery=delivery).start():
        assert use(there) == [0, 1]
    assert [provider["outputs"] for provider in delivery.providers] == [{"output": [0, 1]}]


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        Owner,
        Owner(1),
        functools.partial(plain),
        functools.cache(plain),
        property(plain),
        classmethod(5),
        type("Coded", (), {"__code__": None})(),
    ],
)
def test_what_is_no_function_is_refused(wrong):
    for what, decorate in (
        ("step", step),
        ("step", step("a")),
        ("step", PIPELINE.start().step),
        ("traced", PIPELINE.traced),
        ("traced", PIPELINE.traced()),
    ):
        with pytest.raises(ApiTypeError) as caught:
            decorate(wrong)
        assert str(caught.value).startswith(f"{what}: expected a function, got ")
        assert str(caught.value).endswith("; decorate the function itself, below other decorators")


def test_outside_of_a_run_nothing_is_recorded():
    @step("a", inputs={"b": 1})
    def function(a):
        assert current_step() is None
        return a

    with step("b", inputs={"b": 1}) as one:
        assert current_run() is None
        assert current_step() is None
        one.outputs = one.anything = object()
    assert one.elapsed_time >= 0
    assert function(5) == 5
    assert list(step(generator)([], ["yield"])) == [0, 1]


def test_recursion(pipeline, delivery):
    @step
    def factorial(n):
        return n * factorial(n - 1) if n else 1

    with pipeline.start():
        assert factorial(20) == 2432902008176640000
    assert [provider["inputs"]["n"] for provider in delivery.providers] == list(range(20, -1, -1))


def test_each_call_of_a_traced_function_is_a_run(pipeline, delivery):
    runs = []

    @pipeline.traced
    def answer(question):  # noqa: ARG001
        runs.append(current_run())
        with step("a"):
            return len(runs)

    assert answer("secret") == 1
    with pipeline.start() as outer:
        assert answer("secret") == 2
        assert current_run() is outer
    assert len({*runs, outer}) == 3
    assert [len(run["stepRuns"]) for run in delivery.runs] == [1, 1, 0]
    assert b"secret" not in b"".join(delivery.bodies)


def test_traced_generator_is_one_run(pipeline, delivery):
    @pipeline.traced
    def answer():
        for number in range(3):
            with step("a", inputs={"b": number}):
                pass
            yield number

    for _ in answer():
        assert current_run() is None
    assert [provider["inputs"]["b"] for provider in delivery.providers] == [0, 1, 2]


def test_error_of_a_traced_function_is_the_runs(pipeline, delivery):
    @pipeline.traced
    async def answer():
        raise LookupError("gone")

    with pytest.raises(LookupError):
        asyncio.run(answer())
    assert delivery.runs == [
        {"name": "answer-question", "stepRuns": [], "error": "LookupError: gone"}
    ]
