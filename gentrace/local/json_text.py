"""Strict JSON: parsing a text that anybody may have sent, and comparing two of them."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from gentrace.local.refusal import Refusal, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gentrace.local.clock import Clock

MAX_DEPTH: Final = 500
MAX_DIGITS: Final = 4300
# No process can forbid conversions of integers up to this many digits.
SAFE_DIGITS: Final = 640
BEYOND: Final = 10**SAFE_DIGITS
# Brackets between two looks at the clock.
SLICE: Final = 65536
NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
# Without an escape of this kind, a text that was UTF-8 holds no lone surrogate.
SURROGATE: Final = re.compile(r"\\u[dD]")
NEITHER_BRACKETS_NOR_QUOTES: Final = bytes(set(range(256)) - set(b'"[]{}'))
STRING: Final = re.compile(rb'"[^"]*"?')
OPENING: Final = frozenset(b"[{")

# Where a value is: the keys on the way to it from the root.
Place: TypeAlias = "Sequence[str | int]"
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in a parsed body where the parser met what strict JSON forbids."""

    words: str


class _LongInteger(int):
    """Stands for an integer that the process may refuse to convert, or take long to.

    It has the type and the digits of one; its value is only large.
    """

    digits: str

    def __repr__(self) -> str:
        return self.digits


# What may be refused, or hold something that is.
SUSPECTS: Final = (dict, list, str, _Flaw)


def parse(body: bytes, clock: "Clock") -> tuple[str, Any]:
    """Give the text of a JSON body and its value; `Refusal` 400 for what is no strict JSON.

    Refused are, apart from what RFC 8259 forbids, NaN and infinities, lone surrogates, a property
    that is given twice, integers of more than MAX_DIGITS digits and nesting deeper than MAX_DEPTH:
    two readers of such a text may see two different runs. The limits are these whatever the limits
    of the process are. An integer of more than SAFE_DIGITS digits has its type and spelling, and
    another value.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        words = f"the body is not UTF-8: {error.reason}"
        raise Refusal(400, words, f"byte {error.start}") from None
    # Before parsing, which takes its depth from the stack and ends the process where that ends.
    if _depth(body, clock) > MAX_DEPTH:
        raise Refusal(400, f"the body is nested deeper than {MAX_DEPTH} levels")

    flawed = SURROGATE.search(text) is not None

    def seen(value: R) -> R:
        nonlocal flawed
        flawed = flawed or isinstance(value, _Flaw)
        return value

    def integer(digits: str) -> int | _Flaw:
        clock.tick()
        return seen(_integer(digits))

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
        clock.tick()
        return seen(_object(pairs))

    def constant(name: str) -> _Flaw:
        return seen(_Flaw(f"{name} is not a JSON number"))

    try:
        value = json.loads(
            text, parse_constant=constant, parse_int=integer, object_pairs_hook=members
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Refusal(400, f"the body is not JSON: {error.msg}", place) from None
    if flawed:
        _refuse_flaws(value, clock)
    return text, value


def same_value(text: str, other: str, clock: "Clock") -> bool:
    """Whether two JSON texts say the same: `1.10` is `1.1`, and `1E2` is `100`, exactly.

    Raises `Refusal` 413 if it takes too long to say.
    """
    if text == other:
        return True

    def number(digits: str) -> bytes:
        clock.tick()
        return _number(digits)

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        clock.tick()
        return dict(pairs)

    left: Any = json.loads(text, parse_int=number, parse_float=number, object_pairs_hook=members)
    right: Any = json.loads(other, parse_int=number, parse_float=number, object_pairs_hook=members)
    return bool(left == right)


def _depth(body: bytes, clock: "Clock") -> int:
    """Count the levels of a body, or of its beginning up to where it stops being JSON.

    The answer is a larger number if not even that is more than MAX_DEPTH.
    """
    most = body.count(b"[") + body.count(b"{")
    if most <= MAX_DEPTH:
        return most
    # A string keeps its quotes and what brackets it holds, which then go as one.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Two quotes side by side: of the strings that they end and begin, one is left.
    quoted = plain.translate(None, NEITHER_BRACKETS_NOR_QUOTES).replace(b'""', b"")
    brackets = STRING.sub(b"", quoted)
    depth = deepest = 0
    for start in range(0, len(brackets), SLICE):
        clock.look()
        for bracket in brackets[start : start + SLICE]:
            if bracket in OPENING:
                depth += 1
                deepest = max(deepest, depth)
            else:
                depth -= 1
    return deepest


def _integer(text: str) -> int | _Flaw:
    # Counted here and not left to int(), whose limit belongs to the process.
    digits = len(text.lstrip("-"))
    if digits <= SAFE_DIGITS:
        return int(text)
    if digits > MAX_DIGITS:
        return _Flaw(f"an integer has more than {MAX_DIGITS} digits")
    long = _LongInteger(BEYOND)
    long.digits = text
    return long


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
    return _Flaw(f"the property {cut(json.dumps(twice))} is given twice")


def _number(text: str) -> bytes:
    """Turn a number into what no other JSON value equals: its sign, digits and scale."""
    match = NUMBER.fullmatch(text)
    assert match  # noqa: S101 - the parser's own grammar
    sign, whole, fraction, exponent = match.groups(default="")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return b"0"
    if len(exponent) >= SAFE_DIGITS:
        return text.encode()
    scale = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return f"{sign}{significant}e{scale}".encode()


def _refuse_flaws(root: Any, clock: "Clock") -> None:
    """Find what the parser let pass, and say where; an escape may have been half a character.

    No body can exhaust the stack, and none takes more memory than it did when it was parsed.
    """
    place: list[str | int] = []
    # The walks through what holds the value at `place`, outermost first.
    walks = [iter(_members(root, place))]
    while walks:
        clock.tick()
        for key, member in walks[-1]:
            if isinstance(member, SUSPECTS):
                place.append(key)
                walks.append(iter(_members(member, place)))
                break
        else:
            walks.pop()
            del place[-1:]


def _members(value: Any, place: Place) -> "Iterable[tuple[str | int, Any]]":
    """Give what a value holds, by key; `Refusal` if the value itself is refused."""
    if isinstance(value, dict):
        members = cast("Mapping[str, Any]", value)
        for key in members:
            _whole(key, place)
        return members.items()
    if isinstance(value, list):
        return enumerate(cast("Sequence[Any]", value))
    if isinstance(value, str):
        _whole(value, place)
    if isinstance(value, _Flaw):
        raise Refusal(400, value.words, _path(place))
    return ()


def _whole(text: str, place: Place) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refusal(400, "a string holds a lone surrogate", _path(place)) from None


def _path(place: Place) -> str:
    return "$" + "".join(map(_step, place))


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{cut(key)}" if key.isidentifier() else f"[{cut(json.dumps(key))}]"
