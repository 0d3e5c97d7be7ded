"""What the values of the API may be: models, their properties, and the checks.

A check takes any Python value and returns the JSON value that it stands for, deeply immutable:
str, int, float, bool, None, `frozendict` or tuple. A check that refuses raises `ApiTypeError` or
`ApiValueError`; the place is put together while the error passes the containers, so that a value
without a mistake costs nothing for it.

A plain dict that goes out as it is needs no such copy: a quick look (`admits`) and then the JSON
encoder tell yes or no between them, and a no is left to the check, which knows how to word it.

`absent` has `unset`, `rules` the limits, `words` the errors' wording; `conversions`, `dates` and
`free_form` say what becomes of values; `document_types` and `objects` are the document's types,
`properties` and `model` what models are made of, `json_text` is how all of it is written and read.
"""

from gentrace.schemas.absent import Unset, unset
from gentrace.schemas.dates import as_datetime
from gentrace.schemas.document_types import (
    DATE_TIME,
    FREE_OBJECT,
    INTEGER,
    MILLISECONDS,
    STRING,
    ArraySchema,
    DateTimeSchema,
    FileSchema,
    FreeObjectSchema,
    IntegerSchema,
    Schema,
    StringSchema,
)
from gentrace.schemas.json_text import decode, encode, find_encoder
from gentrace.schemas.json_values import encode_json_value, to_json_value
from gentrace.schemas.model import Model
from gentrace.schemas.objects import ObjectSchema
from gentrace.schemas.properties import Property, optional, required
from gentrace.schemas.rules import (
    ANSWER_RULES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_ITEMS,
    REQUEST_RULES,
    Rules,
)
from gentrace.schemas.words import describe

__all__ = [
    "ANSWER_RULES",
    "DATE_TIME",
    "FREE_OBJECT",
    "INTEGER",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_ITEMS",
    "MILLISECONDS",
    "REQUEST_RULES",
    "STRING",
    "ArraySchema",
    "DateTimeSchema",
    "FileSchema",
    "FreeObjectSchema",
    "IntegerSchema",
    "Model",
    "ObjectSchema",
    "Property",
    "Rules",
    "Schema",
    "StringSchema",
    "Unset",
    "as_datetime",
    "decode",
    "describe",
    "encode",
    "encode_json_value",
    "find_encoder",
    "optional",
    "required",
    "to_json_value",
    "unset",
]
