"""What the values of the API may be: models, their properties, and the checks.

`Schema.check` validates any Python value and returns its JSON value, deeply immutable: str, int,
float, bool, None, `frozendict` or tuple. An invalid value raises `ApiTypeError` or `ApiValueError`.
Each container prepends its key or index to the error's path while the error passes through it, so
that a valid value pays nothing for paths.

The body of a request has a fast path. `Schema.admits` tells whether a plain dict can be encoded as
it is; the JSON encoder rejects what `admits` leaves to it. Either no falls back to `check`, which
builds the error or converts the value.

Modules: `absent` (`unset`), `rules` (strictness and limits), `words` (error messages);
`conversions`, `dates` and `free_form` (how values become JSON); `document_types`, `more_types` and
`objects` (the types); `properties`, `model` and `representation` (the models); `near_misses` and
`frames` (warnings of misspelt names); `json_text` (encoding and decoding); `annotations`,
`builtin_types` and `frozen` (Python's own types).

For recording, `json_values` converts any value: at once if `json_precheck` allows that, else one by
one with `lenient_conversions`; `user_code` runs the code of values.
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
from gentrace.schemas.json_text import Dumps, decode, encode, find_encoder
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
    "Dumps",
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
