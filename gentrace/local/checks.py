"""Validation of a request body: strict JSON, then the schema of the OpenAPI document."""

import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, validators

from gentrace.local.responses import RequestError
from gentrace.local.strict_json import parse

if TYPE_CHECKING:
    from gentrace.local.cpu_budget import CpuBudget

# jsonschema's messages use Python's names for these values.
JSON_NAMES: Final = {"None": "null", "True": "true", "False": "false"}

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"


class RunChecker:
    """Validates pipeline runs against the request schema of the OpenAPI document in this package.

    The schema is of draft 2020-12, and the format `date-time` is checked. Raises ImportError if the
    package for that is not installed, as jsonschema would then accept every date. `cpu_budget`
    limits the CPU time.
    """

    def __init__(self, cpu_budget: "CpuBudget") -> None:
        self._cpu_budget = cpu_budget
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
        self._validator: Any = untyped.extend(Draft202012Validator, type_checker=types)(
            _inline_references(schema, document["components"]["schemas"]),
            format_checker=_make_format_checker(),
        )

    def check(self, body: bytes) -> tuple[str, dict[str, Any]]:
        """Return the text of the run in `body` and its value; `RequestError` 400 if it is invalid.

        The value is made by `strict_json.parse`.
        """
        text, run = parse(body, self._cpu_budget)
        error = next(self._validator.iter_errors(run), None)
        if error is not None:
            value, space, rest = error.message.partition(" ")
            raise RequestError(400, JSON_NAMES.get(value, value) + space + rest, error.json_path)
        return text, run

    def _is_object(self, _types: object, value: object) -> bool:
        # jsonschema calls this for every step, so it is the place to check the CPU budget.
        self._cpu_budget.tick()
        return isinstance(value, dict)


def _inline_references(schema: Json, definitions: dict[str, Json]) -> Json:
    """Replace references by their schemas: resolving them would double the time of a check."""
    if isinstance(schema, list):
        return [_inline_references(member, definitions) for member in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _inline_references(definitions[reference.rpartition("/")[2]], definitions)
    return {name: _inline_references(value, definitions) for name, value in schema.items()}


def is_date_time(text: str) -> bool:
    """Return whether a text is an RFC 3339 date and time of a day that exists."""
    return _make_format_checker().conforms(text, "date-time")


def _make_format_checker() -> FormatChecker:
    checker = FormatChecker(formats=["date-time"])
    is_date_time, _ = checker.checkers["date-time"]

    @checker.checks("date-time")
    def _is_date_time(value: object) -> bool:
        # Its pattern ends in `$`, which also matches before a final line break.
        return bool(is_date_time(value)) and not str(value).endswith("\n")

    return checker
