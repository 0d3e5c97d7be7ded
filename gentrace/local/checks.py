"""The checks of a body: strict JSON first, then the schema of the shipped document."""

import json
import re
import threading
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from jsonschema import Draft202012Validator, FormatChecker, validators

from gentrace.local.refusal import Refusal, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

MAX_DEPTH: Final = 500
MAX_DIGITS: Final = 4300
MAX_MEMBERS: Final = 4096
SLICE: Final = 65536
NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
# Without an escape of this kind, a text that was UTF-8 holds no lone surrogate.
SURROGATE: Final = re.compile(r"\\u[dD]")

# What jsonschema calls them, as Python does.
JSON_WORDS: Final = {"None": "null", "True": "true", "False": "false"}

# Where a value is: the keys on the way to it from the root.
Place: TypeAlias = "Sequence[str | int]"


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in a parsed body where the parser met what strict JSON forbids."""

    words: str


# What may be refused, or hold something that is.
SUSPECTS: Final = (dict, list, _Flaw)


def decompress(body: bytes, limit: int) -> bytes:
    """Decompress a gzip body of one or more members.

    Raises `Refusal` 413 over `limit` bytes, whatever the body claims, and 400 if it is not gzip.
    """
    content = bytearray()
    rest = b""
    unpacker = zlib.decompressobj(wbits=31)
    members = 1
    # Slices keep what is copied from one member to the next small.
    for start in range(0, len(body), SLICE):
        rest = body[start : start + SLICE]
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)
                members += 1
            try:
                content += unpacker.decompress(rest, limit + 1 - len(content))
            except zlib.error as error:
                raise Refusal(400, f"the body is not gzip: {error}", "Content-Encoding") from None
            if len(content) > limit:
                raise Refusal(413, f"the decompressed body is larger than {limit} bytes")
            if members > MAX_MEMBERS:
                raise Refusal(400, f"the gzip body has more than {MAX_MEMBERS} members")
            rest = unpacker.unused_data
    if not unpacker.eof:
        raise Refusal(400, "the gzip body is cut short", "Content-Encoding")
    return bytes(content)


def parse(text: str) -> Any:
    """Parse a JSON text; `Refusal` 400 for what RFC 8259 forbids or leaves unclear.

    Refused are NaN and infinities, lone surrogates, a property that is given twice, integers of
    more than MAX_DIGITS digits and nesting deeper than MAX_DEPTH: two readers of such a text
    may see two different runs.
    """
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_int=_integer, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Refusal(400, f"the body is not JSON: {error.msg}", place) from None
    except RecursionError:
        raise _too_deep() from None
    _inspect(value, (*SUSPECTS, str) if SURROGATE.search(text) else SUSPECTS)
    return value


def same_value(text: str, other: str) -> bool:
    """Whether two JSON texts say the same: `1.10` is `1.1`, and `1E2` is `100`, exactly."""
    if text == other:
        return True
    left: Any = json.loads(text, parse_int=_number, parse_float=_number)
    right: Any = json.loads(other, parse_int=_number, parse_float=_number)
    return bool(left == right)


class _Error(Protocol):
    message: str
    json_path: str


class _Clock(threading.local):
    """When this thread began the check that it is at."""

    begun = 0.0


class RunChecker:
    """Checks pipeline runs against the request schema of the OpenAPI document in this package.

    Draft 2020-12 with `date-time` asserted; ImportError if its checker is not installed, since
    jsonschema alone would then let every date pass. `patience` is the time that the schema's check
    of one body may take, in seconds of computing: a small gzip body can hold millions of steps.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._clock = _Clock()
        document = json.loads(resources.files("gentrace").joinpath("openapi.json").read_bytes())
        body = document["paths"]["/pipeline-run"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        if "date-time" not in FormatChecker.checkers:
            raise ImportError(
                "gentrace.local needs rfc3339-validator to check dates: pip install '.[local]'"
            )
        types = Draft202012Validator.TYPE_CHECKER.redefine("object", self._is_object)
        untyped: Any = validators
        validator = untyped.extend(Draft202012Validator, type_checker=types)(
            # References of the document start at its root.
            {**schema, "components": document["components"]},
            format_checker=_formats(),
        )
        self._flaws: Callable[[Any], Iterator[_Error]] = validator.iter_errors

    def check(self, body: bytes) -> tuple[str, str]:
        """Give the text of the run in `body` and its name; `Refusal` 400 if it is not a run."""
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise Refusal(
                400, f"the body is not UTF-8: {error.reason}", f"byte {error.start}"
            ) from None
        run = parse(text)
        self._clock.begun = time.thread_time()
        flaw = next(self._flaws(run), None)
        if flaw is not None:
            value, blank, rest = flaw.message.partition(" ")
            raise Refusal(400, JSON_WORDS.get(value, value) + blank + rest, flaw.json_path)
        return text, run["name"]

    def stop(self) -> None:
        """Refuse what is being checked."""
        self._patience = -1

    def _is_object(self, _types: object, value: object) -> bool:
        # Asked about every step: the place to look at the clock.
        if time.thread_time() - self._clock.begun > self._patience:
            raise Refusal(413, f"the body takes longer than {self._patience:g} seconds to check")
        return isinstance(value, dict)


def _formats() -> FormatChecker:
    formats = FormatChecker(formats=["date-time"])
    is_date_time, _ = formats.checkers["date-time"]

    @formats.checks("date-time")
    def _is_date_time(value: object) -> bool:
        # Its pattern ends in `$`, before which a line break may stand.
        return bool(is_date_time(value)) and not str(value).endswith("\n")

    return formats


def _constant(text: str) -> _Flaw:
    return _Flaw(f"{text} is not a JSON number")


def _integer(text: str) -> int | _Flaw:
    # Counted here and not left to int(), whose limit belongs to the process.
    if len(text.lstrip("-")) > MAX_DIGITS:
        return _Flaw(f"an integer has more than {MAX_DIGITS} digits")
    return int(text)


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
    if len(exponent) >= MAX_DIGITS:
        return text.encode()
    scale = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return f"{sign}{significant}e{scale}".encode()


def _inspect(root: Any, kinds: tuple[type, ...]) -> None:
    """Find what the parser let pass, among values of these kinds and in what they hold.

    No body can exhaust the stack, and none takes more memory than it did when it was parsed.
    """
    place: list[str | int] = []
    # The walks through what holds the value at `place`, outermost first.
    walks = [iter(_members(root, place))]
    while walks:
        for key, member in walks[-1]:
            if isinstance(member, kinds):
                place.append(key)
                if len(place) == MAX_DEPTH and isinstance(member, dict | list):
                    raise _too_deep()
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


def _too_deep() -> Refusal:
    return Refusal(400, f"the body is nested deeper than {MAX_DEPTH} levels")


def _path(place: Place) -> str:
    return "$" + "".join(map(_step, place))


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{cut(key)}" if key.isidentifier() else f"[{cut(json.dumps(key))}]"
