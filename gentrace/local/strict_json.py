"""Strict JSON: parsing untrusted text, and comparing two texts by value."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Inexact, InvalidOperation
from math import isinf
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from gentrace.local.responses import RequestError, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gentrace.local.cpu_budget import CpuBudget

MAX_DEPTH: Final = 500
MAX_DIGITS: Final = 4300
# No number is rounded, whatever the decimal context of the process is.
EXACT: Final = Context(MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation, Inexact])
# How many brackets are counted between two checks of the CPU budget.
BRACKETS_PER_CHECK: Final = 65536
# Text decoded from UTF-8 holds no lone surrogate unless it has an escape of this kind.
SURROGATE: Final = re.compile(r"\\u[dD]")
NEITHER_BRACKETS_NOR_QUOTES: Final = bytes(set(range(256)) - set(b'"[]{}'))
STRING: Final = re.compile(rb'"[^"]*"?')
OPENING: Final = frozenset(b"[{")

# The path of a value: the keys that lead to it from the root.
Path: TypeAlias = "Sequence[str | int]"


@dataclass(frozen=True, slots=True)
class _Violation:
    """A placeholder in a parsed body for something that strict JSON forbids."""

    message: str


# Types of values that may be a violation or contain one.
CHECKED_TYPES: Final = (dict, list, str, _Violation)


def parse(body: bytes, cpu_budget: "CpuBudget") -> tuple[str, Any]:
    """Return the text of a JSON body and its value; `RequestError` 400 if it is not strict JSON.

    Beyond what RFC 8259 forbids, this rejects NaN and infinities, fractions and exponents beyond
    the range of floats, lone surrogates, duplicate properties, integers of more than MAX_DIGITS
    digits and nesting deeper than MAX_DEPTH: two parsers may read such a text as two different
    runs. A process that allows fewer digits of an integer rejects those beyond its own limit.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8: {error.reason}"
        raise RequestError(400, message, f"byte {error.start}") from None
    # Before parsing: the parser recurses, and a stack overflow would end the process.
    if _depth(body, cpu_budget) > MAX_DEPTH:
        raise RequestError(400, f"the body is nested deeper than {MAX_DEPTH} levels")

    hooks = _Hooks(cpu_budget)
    try:
        value = json.loads(
            text,
            parse_constant=hooks.constant,
            parse_int=hooks.integer,
            parse_float=hooks.fraction,
            object_pairs_hook=hooks.members,
        )
    except json.JSONDecodeError as error:
        path = f"line {error.lineno} column {error.colno}"
        raise RequestError(400, f"the body is not JSON: {error.msg}", path) from None
    if hooks.has_violation or SURROGATE.search(text) is not None:
        _raise_violation(value, cpu_budget)
    return text, value


def same_value(text: str, other: str, cpu_budget: "CpuBudget") -> bool:
    """Return whether two JSON texts have the same value: `1.10` is `1.1`, and `1E2` is `100`.

    Numbers are compared exactly. Raises `RequestError` 413 if that exceeds the CPU budget.
    """
    if text == other:
        return True

    def number(digits: str) -> bytes:
        cpu_budget.tick()
        # As bytes, which equal no other JSON value, and take little memory.
        try:
            value = EXACT.create_decimal(digits).normalize(EXACT)
        except (InvalidOperation, Inexact):  # an exponent of more than 18 digits
            return digits.encode()
        return str(value or 0).encode()

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        cpu_budget.tick()
        return dict(pairs)

    left: Any = json.loads(text, parse_int=number, parse_float=number, object_pairs_hook=members)
    right: Any = json.loads(other, parse_int=number, parse_float=number, object_pairs_hook=members)
    return bool(left == right)


def _depth(body: bytes, cpu_budget: "CpuBudget") -> int:
    """Return the nesting depth of a body, as far as it is JSON."""
    # Escaped quotes go first. Then each string is reduced to its quotes and the brackets in it.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Adjacent quotes can be dropped: an empty string, or two strings that become one.
    quoted = plain.translate(None, NEITHER_BRACKETS_NOR_QUOTES).replace(b'""', b"")
    brackets = STRING.sub(b"", quoted)
    depth = deepest = 0
    for start in range(0, len(brackets), BRACKETS_PER_CHECK):
        cpu_budget.check()
        for bracket in brackets[start : start + BRACKETS_PER_CHECK]:
            if bracket in OPENING:
                depth += 1
                deepest = max(deepest, depth)
            else:
                depth -= 1
    return deepest


class _Hooks:
    """What the parser calls for each number and object; it places the violations."""

    def __init__(self, cpu_budget: "CpuBudget") -> None:
        self._cpu_budget = cpu_budget
        self.has_violation = False

    def constant(self, name: str) -> _Violation:
        return self._violation(f"{name} is not a JSON number")

    def integer(self, text: str) -> int | _Violation:
        self._cpu_budget.tick()
        # Not left to int() alone, whose limit belongs to the process and may be off.
        if len(text.lstrip("-")) > MAX_DIGITS:
            return self._violation(f"an integer has more than {MAX_DIGITS} digits")
        try:
            return int(text)
        except ValueError as error:  # the limit of the process is lower
            return self._violation(str(error))

    def fraction(self, text: str) -> float | _Violation:
        number = float(text)
        if isinf(number):
            return self._violation(f"{shorten(text)} is larger than a float can be")
        return number

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Violation:
        self._cpu_budget.tick()
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        (duplicate, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        return self._violation(f"the property {shorten(json.dumps(duplicate))} is given twice")

    def _violation(self, message: str) -> _Violation:
        self.has_violation = True
        return _Violation(message)


def _raise_violation(root: Any, cpu_budget: "CpuBudget") -> None:
    """Raise `RequestError` for the first violation or lone surrogate, with its path.

    The traversal is iterative, so that no body can exhaust the stack, and needs less memory than
    the parsed body.
    """
    path: list[str | int] = []
    # An iterator for each level of the value at `path`, the outermost first.
    iterators = [iter(_members(root, path))]
    while iterators:
        cpu_budget.tick()
        for key, member in iterators[-1]:
            if isinstance(member, CHECKED_TYPES):
                path.append(key)
                iterators.append(iter(_members(member, path)))
                break
        else:
            iterators.pop()
            del path[-1:]


def _members(value: Any, path: Path) -> "Iterable[tuple[str | int, Any]]":
    """Return the members of a value by key; `RequestError` if the value is a violation."""
    if isinstance(value, dict):
        members = cast("Mapping[str, Any]", value)
        for key in members:
            _check_surrogates(key, path)
        return members.items()
    if isinstance(value, list):
        return enumerate(cast("Sequence[Any]", value))
    if isinstance(value, str):
        _check_surrogates(value, path)
    if isinstance(value, _Violation):
        raise RequestError(400, value.message, _format_path(path))
    return ()


def _check_surrogates(text: str, path: Path) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestError(400, "a string holds a lone surrogate", _format_path(path)) from None


def _format_path(path: Path) -> str:
    return "$" + "".join(map(_format_key, path))


def _format_key(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{shorten(key)}" if key.isidentifier() else f"[{shorten(json.dumps(key))}]"
