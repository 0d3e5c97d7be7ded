"""Hostile values to be recorded: objects that raise, lie, change what holds them, or never end."""

import collections.abc
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import reject
from support.hostile import (
    METHODS,
    Absurd,
    Closed,
    ClosedMap,
    Comparable,
    Fails,
    Guarded,
    Incomparable,
    Nameless,
    Numbered,
    OwnError,
    Posing,
    Spelled,
    Unhashed,
    When,
    endless,
    mute,
    raise_own,
)


class Grows:
    """Whose form adds another of its kind to what holds it."""

    def __init__(self, holder, times=1):
        self.holder = holder
        self.times = times

    def model_dump(self):
        if not self.times:
            raise OwnError
        other = Grows(self.holder, self.times - 1)
        if isinstance(self.holder, dict):
            self.holder[f"more {self.times}"] = other
        else:
            self.holder.append(other)
        return 1


class Late(str):
    """A key that can be found no more once it is in its dict."""

    __slots__ = ()
    armed = False

    def __hash__(self):
        if Late.armed:
            raise OwnError
        return str.__hash__(self)

    __eq__ = str.__eq__


class Boundless(collections.abc.Mapping):
    """Says that it is huge, and gives the same item for ever."""

    def __len__(self):
        return 10**18

    def __iter__(self):
        return endless("a")

    def __getitem__(self, key):
        return 1

    def items(self):
        return endless(("a", 1))


class Vast(collections.abc.Mapping):
    """Says that it is huge, and gives another item each time."""

    def __len__(self):
        return 2**40

    def __iter__(self):
        return (str(number) for number in range(2**40))

    def __getitem__(self, key):
        return 1


VALUES = (
    {
        "raises for its class": Posing,
        "raises for each attribute": Closed,
        "a dict that raises for each attribute": ClosedMap,
        "raises for its class's name": Nameless,
        "class without a hash": Unhashed,
        "class that raises when it is compared": Incomparable,
        "text of a class without a hash": lambda: Comparable("Text", (str,), {})("name"),
        "dict of a class without a hash": lambda: Comparable("Items", (dict,), {})(name="name"),
        "class with a number as name": Numbered,
        "raises an error without a name": Fails,
        "raises for its offset": lambda: When(2024, 1, 1, tzinfo=UTC),
        "raises for its text": lambda: Spelled(2024, 1, 1, tzinfo=UTC),
        "time zone that raises": lambda: datetime(2024, 1, 1, tzinfo=Guarded()),
        "time zone that is none": lambda: datetime(2024, 1, 1, tzinfo=Absurd()),
    }
    | {
        f"class named {name}": type(name, (), {})
        for name in ("array", "deque", "dict", "frozenset", "int", "list", "set", "str", "tuple")
    }
    | {
        "endless mapping": Boundless,
        "vast mapping": Vast,
        "class": lambda: Nameless,
        "late key": lambda: {Late("key"): 1},
        "mute text": lambda: mute(str)("text"),
        "mute number": lambda: mute(int)(5),
        "mute dict": lambda: mute(dict)({"a": 1}),
        "mute list": lambda: mute(list)([1]),
    }
)
"""What makes a hostile value, by what it does."""

NAMES = [*METHODS, "__hash__", "__class__", "__getattr__", "__getattribute__", "__length_hint__"]
NAMES += ["model_dump", "tolist", "isoformat", "value", "utcoffset", "as_tuple", "is_finite"]
NAMES += ["__dataclass_fields__", "__dict__", "__next__", "adjusted"]
ANSWERS = {
    "raises": raise_own,
    "gives None": lambda *_: None,
    "gives -1": lambda *_: -1,
    "gives 2**70": lambda *_: 2**70,
    "gives NotImplemented": lambda *_: NotImplemented,
    "gives a text": lambda *_: "name",
    "gives bytes": lambda *_: b"\xff",
    "never ends": lambda *_: endless(("a", 1)),
    "gives NaN": lambda *_: {"a": float("nan")},
    "gives itself": lambda self, *_: self,
    "raises when read": property(raise_own),
    "is itself": property(lambda self: self),
    "is None": None,
    "is 5": 5,
}
BASES = {
    object: (),
    str: ("name",),
    int: (5,),
    float: (1.0,),
    dict: ({"name": "a", "stepRuns": []},),
    list: ([{}],),
    tuple: ((1,),),
    collections.abc.Mapping: (),
    datetime: (2024, 1, 1),
    timedelta: (5,),
    Decimal: ("1.5",),
    set: ({1},),
}


def make(base, methods):
    """Make an instance of a class with such methods."""
    methods = {name: ANSWERS[answer] for name, answer in methods.items()}
    if base is collections.abc.Mapping:
        methods = dict.fromkeys(("__len__", "__iter__", "__getitem__"), lambda *_: 1) | methods
    try:
        kind = type("Hostile", (base,), methods)
        value = base.__new__(kind, *BASES[base])
        if base in {dict, list, set}:
            base.__init__(value, *BASES[base])
    except Exception:  # noqa: BLE001 - such a class has no instances
        reject()
    return value
