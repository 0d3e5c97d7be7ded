"""What the type checkers are told of a model is what its properties say."""

import ast
import inspect
import sys

import pytest

from gentrace import models
from gentrace.schemas import (
    DATE_TIME,
    FREE_OBJECT,
    INTEGER,
    MILLISECONDS,
    STRING,
    ArraySchema,
    Model,
    ObjectSchema,
)

MODELS = [getattr(models, name) for name in models.__all__]
ANNOTATIONS = {
    STRING: "str",
    INTEGER: "int",
    MILLISECONDS: "int",
    DATE_TIME: "str | datetime",
    FREE_OBJECT: "Mapping[str, object]",
}


def _annotation(schema):
    if isinstance(schema, ObjectSchema):
        return f"{schema.model.__name__} | Mapping[str, object]"
    if isinstance(schema, ArraySchema):
        return f"Sequence[{_annotation(schema.items)}]"
    return ANNOTATIONS[schema]


@pytest.mark.parametrize("model", MODELS)
def test_the_constructor_takes_each_property_by_its_python_name(model):
    """Each is annotated with what its type takes; an optional one may be unset, the default."""
    module = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    (declared,) = (item for item in module.body if isinstance(item, ast.ClassDef))
    (checked,) = (item for item in declared.body if isinstance(item, ast.If))
    assert ast.unparse(checked.test) == "TYPE_CHECKING"
    (constructor,) = checked.body
    assert constructor.name == "__init__"
    assert [each.arg for each in constructor.args.args] == ["self"]
    assert constructor.args.vararg is constructor.args.kwarg is None
    keywords = zip(constructor.args.kwonlyargs, constructor.args.kw_defaults, strict=True)
    assert [
        (each.arg, ast.unparse(each.annotation), None if default is None else ast.unparse(default))
        for each, default in keywords
    ] == [
        (each.name, _annotation(each.schema) + ("" if each.required else " | Unset"), default)
        for each in model.properties_oapg.values()
        for default in [None if each.required else "..."]
    ]


def test_all_models_are_exported():
    assert set(MODELS) == {
        model for model in Model.__subclasses__() if model.__module__.startswith("gentrace.model.")
    }
    assert models.__all__ == sorted(models.__all__)
