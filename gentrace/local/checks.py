"""The check of a body: strict JSON first, then the schema of the shipped document."""

import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, validators

from gentrace.local.json_text import parse
from gentrace.local.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gentrace.local.clock import Clock

# What jsonschema calls them, as Python does.
JSON_WORDS: Final = {"None": "null", "True": "true", "False": "false"}

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"


class _Error(Protocol):
    message: str
    json_path: str


class RunChecker:
    """Checks pipeline runs against the request schema of the OpenAPI document in this package.

    Draft 2020-12 with `date-time` asserted; ImportError if its checker is not installed, since
    jsonschema alone would then let every date pass. `clock` bounds the time that it takes.
    """

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        document = json.loads(resources.files("gentrace").joinpath("openapi.json").read_bytes())
        body = document["paths"]["/pipeline-run"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        if "date-time" not in FormatChecker.checkers:
            raise ImportError(
                "gentrace.local needs rfc3339-validator to check dates: "
                "pip install rfc3339-validator"
            )
        types = Draft202012Validator.TYPE_CHECKER.redefine("object", self._is_object)
        untyped: Any = validators
        validator = untyped.extend(Draft202012Validator, type_checker=types)(
            _without_references(schema, document["components"]["schemas"]),
            format_checker=_formats(),
        )
        self._flaws: Callable[[Any], Iterator[_Error]] = validator.iter_errors

    def check(self, body: bytes) -> tuple[str, dict[str, Any]]:
        """Give the text of the run in `body` and its value; `Refusal` 400 if it is not a run.

        The value is one of `json_text.parse`.
        """
        text, run = parse(body, self._clock)
        flaw = next(self._flaws(run), None)
        if flaw is not None:
            value, blank, rest = flaw.message.partition(" ")
            raise Refusal(400, JSON_WORDS.get(value, value) + blank + rest, flaw.json_path)
        return text, run

    def _is_object(self, _types: object, value: object) -> bool:
        # Asked about every step: the place to look at the clock.
        self._clock.tick()
        return isinstance(value, dict)


def _without_references(schema: Json, named: dict[str, Json]) -> Json:
    """Put named schemas where they are referred to: to look each up takes as long as to check."""
    if isinstance(schema, list):
        return [_without_references(member, named) for member in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _without_references(named[reference.rpartition("/")[2]], named)
    return {name: _without_references(value, named) for name, value in schema.items()}


def is_date_time(text: str) -> bool:
    """Whether a text is a date and time as the document has them: RFC 3339, of a real date."""
    return _formats().conforms(text, "date-time")


def _formats() -> FormatChecker:
    formats = FormatChecker(formats=["date-time"])
    is_date_time, _ = formats.checkers["date-time"]

    @formats.checks("date-time")
    def _is_date_time(value: object) -> bool:
        # Its pattern ends in `$`, before which a line break may stand.
        return bool(is_date_time(value)) and not str(value).endswith("\n")

    return formats
