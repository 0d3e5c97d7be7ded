"""The type of an object that a model describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gentrace.exceptions import ApiValueError
from gentrace.schemas.builtin_types import Dict
from gentrace.schemas.document_types import Schema
from gentrace.schemas.free_form import is_plain
from gentrace.schemas.json_text import Dumps, encode
from gentrace.schemas.model import Model
from gentrace.schemas.near_misses import warn_of_near_miss

if TYPE_CHECKING:
    import builtins

    from gentrace.schemas.rules import Rules


M = TypeVar("M", bound=Model)


class ObjectSchema(Schema[M]):
    """An object that a model describes.

    Args:
        model: the model.

    """

    expected = "an object"
    type = "object"

    def __init__(self, model: builtins.type[M]) -> None:
        self.model = model
        # Bound once, as every step of a run asks for them.
        self._admits = {name: each.schema.admits for name, each in model.properties_oapg.items()}

    def check(self, value: object, rules: Rules) -> M:
        """Return the model of a value."""
        return self.model.check_oapg(value, rules)

    def serialize(self, value: object, rules: Rules, dumps: Dumps | None = None) -> bytes:
        """Return the JSON text of a value; the fast path encodes a plain dict without a model."""
        if type(value) is Dict:
            try:
                if self.admits(value):
                    return encode(value, dumps)
            except (ApiValueError, RecursionError):
                pass  # a lone surrogate, or a full stack
            except RuntimeError as error:
                if not str(error).startswith("dictionary "):
                    raise  # what a signal handler raised
                # Another thread changes a dict; a model is made of copies.
        return super().serialize(value, rules, dumps)

    def admits(self, value: object) -> bool:
        """Tell whether it is the model, or a dict by wire names that can be encoded as it is."""
        if type(value) is not Dict:
            return type(value) is self.model
        declared = self._admits
        unknown: list[str] = []
        for key, item in value.items():
            if type(key) is not str:
                return False
            admits = declared.get(key)
            if admits is None:
                if key in self.model.wire_names_oapg or not is_plain((item,)):
                    return False
                unknown.append(key)
            elif not admits(item):
                return False
        for name in self.model.required_oapg:
            if name not in value:
                return False
        for name in unknown:
            warn_of_near_miss(self.model, name)
        return True
