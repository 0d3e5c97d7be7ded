"""Functions of every kind, to be compared with their decorated selves."""

import asyncio


def trace_of(run):
    """What a function does: its result, or the class and arguments of what it raises."""
    try:
        return "returned", run()
    except BaseException as error:  # noqa: BLE001 - that is what is compared
        return "raised", type(error), error.args, type(error.__context__), type(error.__cause__)


def plain(log, value, raises=None):
    """Return a value, or raise."""
    log.append(("plain", value))
    if raises is not None:
        raise raises
    return value


async def coroutine(log, value, raises=None):
    """Return a value, or raise, after a look at the loop."""
    await asyncio.sleep(0)
    log.append(("coroutine", value))
    if raises is not None:
        raise raises
    return value


def _react(log, received, reactions):
    """Do what the next reaction says with what was sent or thrown."""
    log.append(received)
    return reactions.pop(0) if reactions else "return"


def generator(log, reactions):
    """Yield numbers; what is sent or thrown is answered as the reactions say."""
    reactions = list(reactions)
    number = 0
    try:
        while True:
            try:
                received = yield number
            except BaseException as error:
                reaction = _react(log, (type(error), error.args), reactions)
                if reaction == "reraise":
                    raise
                if reaction == "raise":
                    raise LookupError(number) from error
            else:
                reaction = _react(log, received, reactions)
                if reaction in {"raise", "reraise"}:
                    raise LookupError(number)
            if reaction == "return":
                return ("end", number)
            number += 1
    finally:
        log.append("finally")


async def async_generator(log, reactions):
    """Do the same as `generator`, but that it ends when it is closed.

    One that yields then is left in a state that differs between versions of Python.
    """
    reactions = list(reactions)
    number = 0
    try:
        while True:
            await asyncio.sleep(0)
            try:
                received = yield number
            except BaseException as error:
                reaction = _react(log, (type(error), error.args), reactions)
                if reaction == "reraise":
                    raise
                if isinstance(error, GeneratorExit) and reaction == "yield":
                    return
                if reaction == "raise":
                    raise LookupError(number) from error
            else:
                reaction = _react(log, received, reactions)
                if reaction in {"raise", "reraise"}:
                    raise LookupError(number)
            if reaction == "return":
                return
            number += 1
    finally:
        log.append("finally")


class Owner:
    """A class with methods of every kind."""

    def __init__(self, value):
        self.value = value

    def method(self, a, *, b=2):
        """Return what it is given."""
        return self.value, a, b

    @classmethod
    def of_class(cls, a):
        """Return what it is given."""
        return cls.__name__, a

    @staticmethod
    def of_none(a):
        """Return what it is given."""
        return a
