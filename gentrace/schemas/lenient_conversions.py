"""Conversions of single values towards JSON, for `to_json_value`.

They accept any value; `conversions` has the strict ones of requests. Optional packages are never
imported here: if the module of a class is not loaded, no value is an instance of it.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable
from dataclasses import fields
from datetime import date, timedelta
from math import isnan, prod
from typing import Any, cast

from gentrace.schemas.builtin_types import EXACT, is_instance, type_of
from gentrace.schemas.user_code import run_user_code

MAX_BINARY_BYTES = 4 * 2**20
"""How many bytes of binary data are read; their base64 exceeds the byte budget of a conversion."""

MAX_REPR_LENGTH = 1_000
"""How many characters of a `repr` are kept."""

MAX_ARRAY_ELEMENTS = 10_000
"""How many elements of an array are kept."""


def convert_once(value: Any) -> Any:
    """Convert a value one step towards JSON: the result may need further conversion.

    It is for values whose type is neither exactly one of JSON's nor a built-in container. What user
    code raises passes through.
    """
    if is_scalar(value):
        return convert_scalar(value)
    kind = type_of(value)
    if is_enum(value):
        return value.value
    if callable(getattr(kind, "model_dump", None)) or _is_pydantic_v1_model(kind):
        return _convert_model(value)
    names = _field_names(kind)
    if names is not None:
        # A field without a default that was never set is missing.
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    if getattr(kind, "shape", None) is not None:
        shape = _as_shape(value.shape)
        if shape is not None:
            return _convert_array(value, shape)
    return truncate(repr(value), MAX_REPR_LENGTH)


def dump_model(value: Any, **options: Any) -> Any:
    """Return the JSON form of a pydantic model, or of another object with a `model_dump` method."""
    if _is_pydantic_v2_model(value):
        # Its warnings would show content.
        return value.model_dump(mode="json", warnings=False, **options)
    try:
        return value.model_dump(mode="json")
    except (TypeError, ValueError):  # its method has no parameter `mode`, or supports no JSON
        return value.model_dump()


def _is_pydantic_v2_model(value: Any) -> bool:
    return hasattr(type_of(value), "__pydantic_serializer__")


def is_scalar(value: object) -> bool:
    """Tell whether a value is a scalar that JSON does not have, such as a date.

    An instance of a subclass of str, int or float is one too; a member of an enum is not.
    """
    if is_enum(value):
        return False
    if issubclass(type(value), _SCALARS):
        return True
    return any(is_instance(value, module, name) for module, name in _STR_SCALARS)


def is_numpy(value: object) -> bool:
    """Tell whether a value is an array or a scalar of numpy."""
    return is_instance(value, "numpy", "generic") or is_instance(value, "numpy", "ndarray")


def is_enum(value: object) -> bool:
    """Tell whether a value is a member of an enum, which may also be a str or int."""
    return is_instance(value, "enum", "Enum")


def convert_scalar(value: Any) -> Any:
    """Return the JSON value of a value for which `is_scalar` is true."""
    kind = type_of(value)
    for base in (str, int, float):
        if issubclass(kind, base):
            return EXACT[base](value)
    if issubclass(kind, BaseException):
        return exception_text(value)
    if issubclass(kind, date):
        return value.isoformat()
    if issubclass(kind, timedelta):
        return _iso_duration(value)
    if issubclass(kind, _BINARY):
        return b2a_base64(bytes(value)[:MAX_BINARY_BYTES], newline=False).decode()
    return str(value)


def exception_text(error: BaseException) -> str:
    """Return ``TypeName: message``; the name alone if the message is empty or its code raises."""
    name = safe_name(error)
    try:
        message = run_user_code(str, error)
    except Exception:  # noqa: BLE001 - user code may raise anything
        return name
    return f"{name}: {message}" if message else name


def float_text(value: float) -> str:
    """Return the text of a float, also of NaN and the infinities, which JSON does not have."""
    exact = float.__float__(value)
    if exact - exact == 0:
        return repr(exact)
    return "NaN" if isnan(exact) else "Infinity" if exact > 0 else "-Infinity"


def safe_name(value: object) -> str:
    """Return the name of a value's class, even if its metaclass overrides `__name__`."""
    name: str = vars(type)["__name__"].__get__(type(value))
    return truncate(name, MAX_REPR_LENGTH)


def truncate(text: str, length: int) -> str:
    """Return a text, or its first `length` characters and "…" if it is longer."""
    exact = str.__str__(text)
    return exact if len(exact) <= length else f"{exact[:length]}…"


_BINARY = (bytes, bytearray, memoryview)
_SCALARS = (str, int, float, BaseException, date, timedelta, *_BINARY)  # a datetime is a date
_STR_SCALARS = (("decimal", "Decimal"), ("uuid", "UUID"), ("pathlib", "PurePath"))
"""Scalars that become their `str`: module, which may not be imported yet, and class name."""


def _convert_model(value: Any) -> Any:
    """Return the JSON form of a model; field by field if one of the fields has no JSON form."""
    if _is_pydantic_v1_model(type_of(value)):
        return value.dict()
    try:
        return dump_model(value)
    except Exception:
        if not _is_pydantic_v2_model(value):
            raise
        return _dump_fields(value)


def _dump_fields(value: Any) -> dict[str, Any]:
    """Return the JSON form of each field of a model, and the plain value of one that has none.

    A plain dump of the whole model would reveal what the serializers of other fields hide.
    """
    dumped: dict[str, Any] = {}
    for name in [*type_of(value).model_fields, *(value.model_extra or ())]:
        try:
            dumped.update(dump_model(value, include={name}))
        except Exception:  # noqa: BLE001 - user code may raise anything
            dumped[name] = getattr(value, name)
    return dumped


def _is_pydantic_v1_model(kind: Any) -> bool:
    """Tell whether a class is a model of pydantic 1, or of `pydantic.v1`."""
    return (
        not hasattr(kind, "model_dump")  # asked first: a later one warns of `__fields__`
        and hasattr(kind, "__fields__")
        and callable(getattr(kind, "dict", None))
    )


def _field_names(kind: Any) -> list[str] | None:
    """Return the field names of a dataclass, attrs or msgspec class; None for other classes."""
    if hasattr(kind, "__dataclass_fields__"):
        return [field.name for field in fields(kind)]
    if hasattr(kind, "__attrs_attrs__"):
        return [attribute.name for attribute in kind.__attrs_attrs__]
    names = getattr(kind, "__struct_fields__", None)
    # The class of msgspec's classes has it too, but as a descriptor.
    return list(cast("tuple[str, ...]", names)) if isinstance(names, tuple) else None


def _as_shape(shape: object) -> tuple[int, ...] | None:
    """Return the shape of an array as a tuple; None if the value is not a sequence of ints."""
    if not isinstance(shape, Iterable):
        return None
    sizes = tuple(cast("Iterable[object]", shape))
    return cast("tuple[int, ...]", sizes) if all(isinstance(size, int) for size in sizes) else None


def _convert_array(value: Any, shape: tuple[int, ...]) -> Any:
    """Return the elements of an array; its type and shape if there are too many."""
    if prod(shape) > MAX_ARRAY_ELEMENTS:
        return f"{safe_name(value)} of shape {shape}"
    if not callable(getattr(value, "tolist", None)):
        return truncate(repr(value), MAX_REPR_LENGTH)
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind in {"M", "m"} and is_numpy(value):
        # Its dates and durations would become numbers without a unit; those of pandas keep it.
        value = value.astype(str)
    items = value.tolist()
    if type_of(items) is not type_of(value):
        return items
    # As numpy's long double gives itself.
    return _convert_long_double(value) if kind == "f" else truncate(repr(value), MAX_REPR_LENGTH)


def _convert_long_double(value: Any) -> float | str:
    """Return the float that it equals exactly, or else its `repr`."""
    number = float(value)
    return number if number == value or isnan(number) else truncate(repr(value), MAX_REPR_LENGTH)


def _iso_duration(value: timedelta) -> str:
    """Return a duration in ISO 8601 format, such as ``P1DT2H3M4.5S``."""
    total = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    total = total * 1_000 + getattr(value, "nanoseconds", 0)  # those of pandas have it
    if total == 0:
        return "PT0S"
    seconds, fraction = divmod(abs(total), 1_000_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    decimals = f".{fraction:09}".rstrip("0") if fraction else ""
    date_part = f"{days}D" if days else ""
    time_part = f"{hours}H" if hours else ""
    time_part += f"{minutes}M" if minutes else ""
    time_part += f"{seconds}{decimals}S" if seconds or fraction else ""
    return f"{'-' if total < 0 else ''}P{date_part}{'T' if time_part else ''}{time_part}"
