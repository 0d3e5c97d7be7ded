"""Objects whose own code raises, and what becomes of bodies that hold them."""

import json
import pickle
from datetime import datetime, tzinfo

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest
from gentrace.schemas import REQUEST_RULES, ObjectSchema, encode, find_encoder

MANY = 100_000
"""How often something without end is asked at most before it says so."""


class OwnError(Exception):
    """What the objects below raise."""


def raise_own(*_):
    raise OwnError


class Guarded(tzinfo):
    def utcoffset(self, _):
        raise OwnError


class Absurd(tzinfo):
    def utcoffset(self, _):
        return 5


class Posing:
    __class__ = property(raise_own)


class Closed:
    __getattribute__ = raise_own


class ClosedMap(dict):
    __getattribute__ = raise_own


class ClosedMeta(type):
    __name__ = property(raise_own)


class Nameless(metaclass=ClosedMeta):
    pass


class Numbered(metaclass=type("Meta", (type,), {"__name__": 5})):
    pass


class NamelessError(Exception, metaclass=ClosedMeta):
    pass


class Comparable(type):  # noqa: PLW1641 - on purpose
    """As classes are that say when they are equal: that alone takes their hash away."""

    def __eq__(cls, other):
        return cls is other


class Incomparable(
    metaclass=type("Meta", (type,), {"__eq__": raise_own, "__hash__": type.__hash__})
):
    pass


class Unhashed(metaclass=Comparable):
    pass


class Fails:
    def model_dump(self):
        raise NamelessError


class When(datetime):
    utcoffset = raise_own


class Spelled(datetime):
    isoformat = raise_own


# Where a value can stand, and the path to it.
PLACES = {
    "content": (
        lambda value: {"stepRuns": [{"provider": {"inputs": {"a": [value]}}}]},
        ("stepRuns", 0, "provider", "inputs", "a", 0),
    ),
    "undeclared": (lambda value: {"x": value}, ("x",)),
    "string": (lambda value: {"name": value}, ("name",)),
    "date": (lambda value: {"stepRuns": [{"startTime": value}]}, ("stepRuns", 0, "startTime")),
    "integer": (
        lambda value: {"stepRuns": [{"elapsedTime": value}]},
        ("stepRuns", 0, "elapsedTime"),
    ),
    "object": (lambda value: {"stepRuns": [{"provider": value}]}, ("stepRuns", 0, "provider")),
    "item": (lambda value: {"stepRuns": [value]}, ("stepRuns", 0)),
    "array": (lambda value: {"stepRuns": value}, ("stepRuns",)),
}
RUN = {"name": "answer-question", "stepRuns": []}


def refusal(body):
    """The error of a body on all ways to the wire, if it is refused; else the text has to be JSON.

    What is neither comes out as it was raised.
    """
    schema = ObjectSchema(PipelineRunRequest)
    errors = []
    for way in (
        lambda: schema.serialize(body, REQUEST_RULES),
        lambda: schema.serialize(body, REQUEST_RULES, find_encoder("auto")),
        lambda: encode(schema.check(body, REQUEST_RULES)),
    ):
        try:
            json.loads(way())
            errors.append(None)
        except (ApiTypeError, ApiValueError) as error:
            errors.append(error)
    assert len(set(map(type, errors))) == 1
    if errors[0] is not None:
        text = str(errors[0])
        assert len(text) < 500
        # Without the cause: a library that pickles causes too may be loaded.
        alone = errors[1]
        alone.__cause__ = alone.__context__ = None
        assert str(pickle.loads(pickle.dumps(alone))) == str(alone)  # noqa: S301 - ours
    return errors[0]


def endless(item):
    for _ in range(MANY):
        yield item
    raise OwnError


METHODS = """
    __len__ __iter__ __getitem__ __contains__ __str__ __repr__ __bool__ __int__ __index__ __float__
    __format__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __neg__ __reversed__
    items keys values get copy encode isascii is_integer bit_length
""".split()  # noqa: SIM905 - thirty words


def mute(base):
    """Make a subclass all of whose methods raise."""
    methods = {name: raise_own for name in METHODS if hasattr(base, name)}
    return type(f"Mute{base.__name__}", (base,), methods | {"__hash__": lambda _: 7})
