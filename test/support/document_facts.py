"""The facts of an OpenAPI document, and those of the declarations that a package makes of one.

Both are dicts from a fact's name, such as ``components.schemas.StepRun.description``, to what is
said; what is not in both, or not the same, `differences` names.
"""

import importlib
import inspect
import pkgutil
import re

from gentrace.operations import Operation
from gentrace.operations.media_types import MediaType
from gentrace.schemas import ArraySchema, ObjectSchema
from gentrace.schemas.more_types import NullableSchema

BINARY = {"type": "string", "format": "binary"}
"""What the document says of a body that is a file."""

PLAIN_TYPES = {"string", "integer", "number", "boolean"}
"""Types of parameters that are sent as the document says; of others, JSON text would be sent."""


def facts_of(document):
    """Name every leaf of a document by its place; examples are no facts."""
    return dict(_leaves("", document))


def _leaves(place, value):
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if is_fact(place.rpartition(".")[2], key):
                yield from _leaves(f"{place}.{key}" if place else str(key), item)
    elif isinstance(value, list) and value and isinstance(value[0], str):
        yield from ((f"{place}[{item}]", True) for item in value)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(f"{place}[{index}]", item)
    else:
        yield place, value


def is_fact(parent, key):
    """Tell an example from a property of that name."""
    return key != "example" or parent == "properties"


def differences(document, package):
    """Say by name what only one of the two sides says, or what they say differently."""
    return {
        name: f"{name}: the document says {document.get(name)!r}, the package {package.get(name)!r}"
        for name in sorted(document.keys() | package.keys())
        if document.get(name) != package.get(name)
    }


def operations_of(package):
    """Find each operation that a module of a package, or below it, declares."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    modules = [importlib.import_module(each.name) for each in found]
    declared = (getattr(module, "operation", None) for module in modules)
    return [each for each in declared if isinstance(each, Operation)]


def document_of(*, about, tag_classes, operations, models, path_classes=None):
    """Write the document that the declarations say; `about` has its info, servers and security.

    An operation is in it where the class of its path has it as its method, if there are such
    classes, and has its tag where that tag's class has it by its name.
    """
    schemes = about["securitySchemes"]
    paths = {}
    for operation in operations:
        method = operation.method.lower()
        if path_classes is None or hasattr(path_classes.get(operation.path), method):
            said = paths.setdefault(operation.path, {})
            said[method] = _operation(operation, tag_classes, list(schemes))
    return {
        "openapi": "3.0.3",
        "info": about["info"],
        "servers": about["servers"],
        "security": [{name: []} for name in schemes],
        "tags": [
            {"name": name, "description": inspect.getdoc(api)} for name, api in tag_classes.items()
        ],
        "paths": paths,
        "components": {
            "securitySchemes": schemes,
            "schemas": {model.__name__: _model(model) for model in models},
        },
    }


def _operation(operation, tag_classes, security):
    has_tag = hasattr(tag_classes.get(operation.tag), operation.name)
    said = {
        "tags": [operation.tag] if has_tag else [],
        "operationId": re.sub("_(.)", lambda match: match[1].upper(), operation.name),
        "summary": operation.summary,
        "description": operation.description,
        "responses": {
            str(status): {"description": response.description} | _content(response)
            for status, response in operation.responses.items()
        },
    }
    if operation.body is not None:
        said["requestBody"] = {
            "description": operation.body.description,
            "required": operation.body.required,
        } | _content(operation.body, is_sent=True)
    if operation.parameters:
        said["parameters"] = [_parameter(each) for each in operation.parameters]
    if list(operation.auth) != security:
        said["security"] = [{name: []} for name in operation.auth]
    return said


def _parameter(parameter):
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "style": "form" if parameter.place == "query" else "simple",
        "explode": parameter.place == "query",
        "schema": _schema(parameter.schema) if parameter.schema.type in PLAIN_TYPES else {},
    }


def _content(declared, *, is_sent=False):
    """Say what a body may be; one that is sent is JSON, whatever media type it is declared with."""
    content = {
        media_type: {"schema": _schema(schema)}
        for media_type, schema in declared.content.items()
        if not is_sent or MediaType(media_type).name.endswith("json")
    }
    return {"content": content} if content else {}


def _schema(schema):
    if isinstance(schema, ObjectSchema):
        return {"$ref": f"#/components/schemas/{schema.model.__name__}"}
    if schema is None:
        return BINARY
    if isinstance(schema, NullableSchema):
        return _schema(schema.inner) | {"nullable": True}
    said = {"type": schema.type} if schema.type else {}
    if schema.format is not None:
        said["format"] = schema.format
    if isinstance(schema, ArraySchema):
        said["items"] = _schema(schema.items)
    return said


def _model(model):
    declared = model.properties_oapg.values()
    said = {
        "type": ObjectSchema.type,
        "description": inspect.getdoc(model),
        "properties": {each.wire_name: _property(each) for each in declared},
    }
    required = [each.wire_name for each in declared if each.required]
    return said | {"required": required} if required else said


def _property(declared):
    schema = _schema(declared.schema)
    # Beside a reference OpenAPI 3.0 reads nothing.
    said = {"allOf": [schema]} if "$ref" in schema else schema
    return said | {"description": declared.description}
