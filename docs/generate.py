"""Write what is made of something else: tables of this folder's pages, and documents as JSON.

    python docs/generate.py

The models, the settings and the errors on the pages are those of the code. `PAGES` says for each
file how its new text follows from its present one.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import sys
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

import yaml

from gentrace import exceptions, models
from gentrace.configuration import SETTINGS
from gentrace.configuration.settings import DeclaredSettings
from gentrace.exceptions import (
    ApiAttributeError,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    OpenApiException,
)
from gentrace.schemas import (
    ArraySchema,
    DateTimeSchema,
    FreeObjectSchema,
    IntegerSchema,
    ObjectSchema,
    StringSchema,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gentrace.schemas import Model, Property, Schema

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
NAMES = """\
A property may be given by its key or by the name of its attribute. An absent one reads as
`schemas.unset` by attribute, and raises `KeyError` by `[]`. Type checkers narrow by
`isinstance(value, schemas.Unset)`, not by `value is schemas.unset`.
"""
FREE_FORM = """\
## Free-form content

`modelParams`, `inputs`, `outputs` and properties that the document does not declare hold any JSON
object or value. Their keys are never renamed. They may be made of dict, list, tuple, str, int,
float, bool, None, datetime, date, UUID, Decimal (if exact as a JSON number), Enum, dataclasses, and
anything with `model_dump()`, `tolist()` or `isoformat()`; each is turned into JSON when the model
is made. NaN, infinities, other types, keys that are no strings, lone surrogates, cycles, more than
200 levels and integers of more than 4,300 digits are [errors](../errors.md#models-and-bodies).
"""
BACK = (
    "[[Back to top]](#__pageTop) "
    "[[Back to API list]](../../README.md#documentation-for-api-endpoints) "
    "[[Back to Model list]](../../README.md#documentation-for-models) "
    "[[Back to README]](../../README.md)"
)


def code(text: str) -> str:
    """Write text as code in a cell of a table."""
    ticks = "``" if "`" in text else "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}".replace("|", "\\|")


def decode(cell: str) -> str:
    """Return the text of a cell that `code` wrote."""
    inner = cell.replace("\\|", "|")
    return inner[2:-2].strip() if inner.startswith("``") else inner[1:-1]


def cells(row: str) -> list[str]:
    """Return the cells of a table's row."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    return "\n".join([" | ".join(row) for row in (head, ["-------------"] * len(head), *rows)])


def put_table(text: str, heading: str, new: str) -> str:
    """Put a table under a heading, in place of the one that stands there."""
    before, found, after = text.partition(f"\n{heading}\n\n")
    if not found:
        raise ValueError(f"no heading {heading!r}")
    lines = after.split("\n")
    while lines and " | " in lines[0]:
        del lines[0]
    rest = "\n".join(lines).strip("\n")
    return f"{before}{found}{new}\n" + (f"\n{rest}\n" if rest else "")


# Documents.


def as_json(document: Path, _: str) -> str:
    """Write a document, which is in YAML, as the JSON that the package ships."""
    read = yaml.safe_load(document.read_text("utf-8"))
    return json.dumps(read, indent=2, ensure_ascii=False) + "\n"


# Models.


def input_type(schema: Schema[Any]) -> str:
    """Name what a property may be made from."""
    if isinstance(schema, ArraySchema):
        return f"list or tuple of {input_type(schema.items)}"
    if isinstance(schema, ObjectSchema):
        name = schema.model.__name__
        return f"[**{name}**]({name}.md), dict"
    if isinstance(schema, FreeObjectSchema):
        return "dict"
    if isinstance(schema, DateTimeSchema):
        return "str, aware datetime.datetime"
    return plain_type(schema, {StringSchema: "str", IntegerSchema: "int"})


def accessed_type(schema: Schema[Any]) -> str:
    """Name what a property reads as."""
    if isinstance(schema, ArraySchema):
        return f"tuple of {accessed_type(schema.items)}"
    if isinstance(schema, ObjectSchema):
        return f"[**{schema.model.__name__}**]({schema.model.__name__}.md)"
    return plain_type(
        schema,
        {
            StringSchema: "str",
            DateTimeSchema: "str",
            IntegerSchema: "int",
            FreeObjectSchema: "frozendict.frozendict",
        },
    )


def plain_type(schema: Schema[Any], names: Mapping[type, str]) -> str:
    """Return the name of a type that holds no other one."""
    if type(schema) not in names:
        raise ValueError(f"docs/generate.py has no name for {type(schema).__name__}: add one")
    return names[type(schema)]


def notes(item: Property[Any]) -> str:
    """Say whether a property is optional, and its format."""
    parts = [] if item.required else ["[optional]"]
    if item.schema.format:
        parts.append(f"value must conform to {item.schema.format} of RFC 3339")
    return " ".join(parts)


def example(
    name: str, schemas: Mapping[str, Any], keywords: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Return the document's example of a schema."""
    found: dict[str, Any] = {}
    for wire_name, item in schemas[name]["properties"].items():
        inner = item.get("allOf", [None])[0]
        value = example(inner["$ref"].rpartition("/")[2], schemas) if inner else item["example"]
        found[keywords.get(wire_name, wire_name)] = value
    return found


def model_page(model: type[Model], _: str) -> str:
    """Write the page of a model."""
    name = model.__name__
    module = model.__module__
    kind = module.rpartition(".")[2]
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
    properties = model.properties_oapg.values()
    made = example(
        name, document["components"]["schemas"], {item.wire_name: item.name for item in properties}
    )
    arguments = "".join(
        f"    {key}={json.dumps(value, indent=4)},\n".replace("\n", "\n    ").rstrip(" ")
        for key, value in made.items()
    )
    rows = [
        (
            f"**{item.wire_name}**",
            f"`{item.name}`",
            input_type(item.schema),
            accessed_type(item.schema),
            item.description,
            notes(item),
        )
        for item in properties
    ]
    rows.append(
        (
            "**any_string_name**",
            "",
            "any JSON value",
            "the JSON value",
            "Any other name, kept and sent as it is.",
            "[optional]",
        )
    )
    head = ("Key", "Attribute", "Input Type", "Accessed Type", "Description", "Notes")
    parts = [
        f'<a name="__pageTop"></a>\n# {module}.{name}\n',
        f"{inspect.getdoc(model)}\n",
        "## Model Type Info\n",
        table(
            ("Input Type", "Accessed Type", "Description", "Notes"),
            [
                (
                    "dict, frozendict.frozendict",
                    "frozendict.frozendict",
                    str(inspect.getdoc(model)),
                    "",
                )
            ],
        )
        + "\n",
        "### Dictionary Keys\n",
        table(head, rows) + "\n",
        NAMES,
        "### Example\n",
        f"```python\nfrom {module} import {name}\n\n{kind} = {name}(\n{arguments})\n```\n",
    ]
    if any(isinstance(item.schema, FreeObjectSchema) for item in properties):
        parts.append(FREE_FORM)
    return "\n".join([*parts, BACK]) + "\n"


# Settings.


def shown(value: object) -> str:
    """Write the default of a setting."""
    if isinstance(value, (Mapping, frozenset)) and not value:
        return "none"
    return f"`{value!r}`"


def attribute_docs(owner: type) -> dict[str, str]:
    """Return the text that stands below each attribute of a class, on one line."""
    (declared,) = ast.parse(inspect.getsource(owner)).body
    found: dict[str, str] = {}
    for above, below in pairwise(cast("ast.ClassDef", declared).body):
        match above, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found


def settings_page(text: str) -> str:
    """Bring the table of settings up to date."""
    meanings = attribute_docs(DeclaredSettings)
    rows = [
        (f"`{name}`", shown(item.default), meanings[name].replace("|", "\\|"))
        for name, item in SETTINGS.items()
    ]
    return put_table(text, "## Settings", table(("Name", "Default", "Meaning"), rows))


# Errors.

MISTAKES = (ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError)


def public_bases(kind: type) -> list[type]:
    """Return the bases of a class, with the bases of those that are not public in their place."""
    return [
        base
        for near in kind.__bases__
        for base in (public_bases(near) if near.__name__.startswith("_") else [near])
    ]


def exception_rows() -> list[tuple[str, str, str]]:
    """Return each exception with its bases and when it is raised."""
    public = [
        item
        for name, item in vars(exceptions).items()
        if isinstance(item, type) and issubclass(item, (Exception, Warning)) and name[0] != "_"
        if item.__module__ == exceptions.__name__
    ]
    return [
        (
            f"`{item.__name__}`",
            ", ".join(f"`{base.__name__}`" for base in public_bases(item)),
            " ".join(str(item.__doc__).split("\n\n")[0].split()),
        )
        for item in public
    ]


def provoke(statement: str, setup: str) -> OpenApiException:
    """Return the mistake that a statement is after the setup, without PySocks."""
    names: dict[str, Any] = {}
    exec(setup, names)  # noqa: S102 - the page's own code
    digits, depth = sys.get_int_max_str_digits(), sys.getrecursionlimit()
    try:
        with patch.dict(sys.modules, {"socks": None}):
            exec(statement, names)  # noqa: S102 - likewise
    except MISTAKES as error:
        return error
    finally:
        sys.set_int_max_str_digits(digits)
        sys.setrecursionlimit(depth)
    raise AssertionError(f"{statement} is no mistake")


def is_mistake(line: str) -> bool:
    """Tell whether a line of the page is a row of a table of mistakes."""
    return line.startswith("`") and not line.startswith("```")


def mistakes(text: str) -> list[tuple[str, OpenApiException]]:
    """Return the statements of the page's tables of mistakes, each with what it raises."""
    _, _, section = text.partition("\n## Mistakes\n")
    setup, _, tables = section.partition("```python\n")[2].partition("```\n")
    rows = [cells(line) for line in tables.split("\n") if is_mistake(line)]
    return [(decode(row[0]), provoke(decode(row[0]), setup)) for row in rows]


def worded(error: Exception) -> str:
    """Return the text of an error, less what differs from run to run."""
    return re.sub(r"(?<=_ssl\.c:)\d+|(?<= at 0x)[0-9a-f]+", "…", str(error))


def errors_page(text: str) -> str:
    """Bring the tables of exceptions and of mistakes up to date."""
    text = put_table(text, "## Exceptions", table(("Class", "Bases", "When"), exception_rows()))
    raised = dict(mistakes(text))
    head, mark, section = text.partition("\n## Mistakes\n")
    lines: list[str] = []
    for line in section.split("\n"):
        if is_mistake(line):
            statement = decode(cells(line)[0])
            error = raised[statement]
            lines.append(f"{code(statement)} | `{type(error).__name__}` | {code(worded(error))}")
        else:
            lines.append(line)
    return head + mark + "\n".join(lines)


PAGES: dict[Path, Callable[[str], str]] = {
    ROOT / "gentrace" / "openapi.json": partial(as_json, ROOT / "openapi.yaml"),
    ROOT / "gentrace" / "local" / "openapi.json": partial(
        as_json, ROOT / "gentrace" / "local" / "openapi.yaml"
    ),
    DOCS / "configuration.md": settings_page,
    DOCS / "errors.md": errors_page,
    **{
        DOCS / "models" / f"{name}.md": partial(model_page, getattr(models, name))
        for name in models.__all__
    },
}


def main() -> None:
    """Write the pages and the documents."""
    os.chdir(ROOT)
    for path, render in PAGES.items():
        path.write_text(render(path.read_text("utf-8") if path.exists() else ""), "utf-8")


if __name__ == "__main__":
    main()
