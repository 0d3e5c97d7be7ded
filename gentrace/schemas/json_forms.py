"""The simpler forms of values that JSON does not have, for `to_json_value`.

No class is imported for being looked for: a value of a class whose module was never loaded is none.
"""

from __future__ import annotations

import sys
from binascii import b2a_base64
from collections.abc import Iterable
from datetime import date, timedelta
from math import isnan, prod
from typing import TYPE_CHECKING, Any, cast

from gentrace.schemas.own_code import run_own_code

if TYPE_CHECKING:
    from collections.abc import Callable

class_of: Callable[[object], type[Any]] = type
"""`type`, by a name that tells the checkers of types that any attribute may be there."""

MAX_BINARY = 4 * 2**20
"""How many bytes of binary data are read: their base64 is more than a conversion holds."""

MAX_REPR = 1_000
"""How many characters of a `repr` are kept."""

MAX_ELEMENTS = 10_000
"""How many elements of an array are kept."""


def form_of(value: Any) -> Any:
    """Return a simpler form of a value that is of no exact type of JSON and no built-in container.

    What its own code raises passes through.
    """
    if is_single(value):
        return form_of_single(value)
    kind = class_of(value)
    if is_enum(value):
        return value.value
    if callable(getattr(kind, "model_dump", None)) or _is_early_model(kind):
        return _form_of_model(value)
    names = _names_of_fields(kind)
    if names is not None:
        # One that its class does not set may be missing.
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    if getattr(kind, "shape", None) is not None:
        shape = _sizes_of(value.shape)
        if shape is not None:
            return _form_of_array(value, shape)
    return cut(repr(value), MAX_REPR)


def dump_model(value: Any, **options: Any) -> Any:
    """Return the form that a pydantic model has in JSON; models of others may know no `mode`."""
    if _is_of_pydantic(value):
        # Its warnings would show what it holds.
        return value.model_dump(mode="json", warnings=False, **options)
    try:
        return value.model_dump(mode="json")
    except TypeError:
        return value.model_dump()


def _is_of_pydantic(value: Any) -> bool:
    return hasattr(class_of(value), "__pydantic_serializer__")


def is_single(value: object) -> bool:
    """Tell whether a value is foreign to JSON and holds no other values: its form is a single one.

    So is an instance of a subclass of str, int or float.
    """
    if is_enum(value):
        return False
    if issubclass(type(value), _SINGLE):
        return True
    return any(_is_instance(value, module, name) for module, name in _AS_TEXT)


def is_enum(value: object) -> bool:
    """Tell whether a value is a member of an enum, which may be of a type of JSON too."""
    return _is_instance(value, "enum", "Enum")


def form_of_single(value: Any) -> Any:
    """Return the simpler form of a value that `is_single`."""
    kind = class_of(value)
    for base in (str, int, float):
        if issubclass(kind, base):
            return _EXACT[base](value)
    if issubclass(kind, BaseException):
        return text_of_exception(value)
    if issubclass(kind, date):
        return value.isoformat()
    if issubclass(kind, timedelta):
        return _text_of_duration(value)
    if issubclass(kind, _BINARY):
        data = value.tobytes() if kind is memoryview else bytes(value)
        return b2a_base64(data[:MAX_BINARY], newline=False).decode()
    return str(value)


def text_of_exception(error: BaseException) -> str:
    """Return ``TypeName: message``; the name alone of one without a message, or that raises."""
    name = safe_name(error)
    try:
        message = run_own_code(str, error)
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return name
    return f"{name}: {message}" if message else name


def text_of_float(value: float) -> str:
    """Return the text of a float, with the names of those that JSON does not have."""
    exact = float.__float__(value)
    if exact - exact == 0:
        return repr(exact)
    return "NaN" if isnan(exact) else "Infinity" if exact > 0 else "-Infinity"


def safe_name(value: object) -> str:
    """Return the name of a value's class, whatever that says of itself."""
    name: str = vars(type)["__name__"].__get__(type(value))
    return cut(name, MAX_REPR)


def cut(text: str, length: int) -> str:
    """Return a text, or its start and one "…" where it is longer."""
    exact = str.__str__(text)
    return exact if len(exact) <= length else f"{exact[:length]}…"


_BINARY = (bytes, bytearray, memoryview)
_SINGLE = (str, int, float, BaseException, date, timedelta, *_BINARY)
_AS_TEXT = (("decimal", "Decimal"), ("uuid", "UUID"), ("pathlib", "PurePath"))
"""Classes whose form is their text, by module; a datetime is a date."""

_EXACT: dict[type, Any] = {str: str.__str__, int: int.__int__, float: float.__float__}
"""How an instance of a subclass becomes one of the class, whatever it overrides."""


def _is_instance(value: object, module: str, name: str) -> bool:
    kind: Any = getattr(sys.modules.get(module), name, None)
    return kind is not None and issubclass(type(value), kind)


def _form_of_model(value: Any) -> Any:
    """Return the JSON form of a model, field by field where one of them has none."""
    if _is_early_model(class_of(value)):
        return value.dict()
    try:
        return dump_model(value)
    except Exception:
        if not _is_of_pydantic(value):
            raise
        return _dump_fields(value)


def _dump_fields(value: Any) -> dict[str, Any]:
    """Return the JSON form of each field of a model, and the value of one that has none.

    So what the serializer of another field hides in JSON stays hidden.
    """
    dumped: dict[str, Any] = {}
    for name in [*class_of(value).model_fields, *(value.model_extra or ())]:
        try:
            dumped.update(dump_model(value, include={name}))
        except Exception:  # noqa: BLE001 - whatever a field without JSON form makes of it
            dumped[name] = getattr(value, name)
    return dumped


def _is_early_model(kind: Any) -> bool:
    """Tell whether a class is a model of pydantic 1, or of `pydantic.v1`."""
    return (
        not hasattr(kind, "model_dump")  # asked first: a later one warns of `__fields__`
        and hasattr(kind, "__fields__")
        and callable(getattr(kind, "dict", None))
    )


def _names_of_fields(kind: Any) -> list[str] | None:
    """Return the names of the fields of a dataclass, attrs or msgspec class; None of others."""
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields  # noqa: PLC0415 - only for those who use them

        return [field.name for field in fields(kind)]
    if hasattr(kind, "__attrs_attrs__"):
        return [attribute.name for attribute in kind.__attrs_attrs__]
    if hasattr(kind, "__struct_fields__"):
        return list(kind.__struct_fields__)
    return None


def _sizes_of(shape: object) -> tuple[int, ...] | None:
    """Return the numbers of a shape, of whatever class it is; None of what is none."""
    if not isinstance(shape, Iterable):
        return None
    sizes = tuple(cast("Iterable[object]", shape))
    return cast("tuple[int, ...]", sizes) if all(isinstance(size, int) for size in sizes) else None


def _form_of_array(value: Any, shape: tuple[int, ...]) -> Any:
    """Return the elements of an array, or its type and shape if they are many."""
    if prod(shape) > MAX_ELEMENTS:
        return f"{safe_name(value)} of shape {shape}"
    if not callable(getattr(value, "tolist", None)):
        return cut(repr(value), MAX_REPR)
    if getattr(getattr(value, "dtype", None), "kind", None) in {"M", "m"}:
        # The dates and durations of numpy, which would become numbers without a unit.
        value = value.astype(str)
    return value.tolist()


def _text_of_duration(value: timedelta) -> str:
    """Return a duration as ISO 8601 has it, such as ``P1DT2H3M4.5S``."""
    total = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    seconds, fraction = divmod(abs(total), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    decimals = f".{fraction:06}".rstrip("0") if fraction else ""
    date_part = f"{days}D" if days else ""
    time_part = "".join(
        [
            f"{hours}H" if hours else "",
            f"{minutes}M" if minutes else "",
            f"{seconds}{decimals}S" if seconds or fraction or not total else "",
        ]
    )
    sign = "-" if total < 0 else ""
    return f"{sign}P{date_part}{'T' if time_part else ''}{time_part}" if total else "PT0S"
