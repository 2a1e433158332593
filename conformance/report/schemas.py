"""JSON schemas of what a run leaves behind, made from the models that write it.

`python -m conformance.report.schemas docs/schema` writes them anew. They are open (unknown fields are allowed) and ask
only for what was there from the beginning, because fields are added to the formats and never renamed or removed: a
reader that checks with an old schema accepts new results, and one with a new schema accepts old results.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from conformance.vocabulary.difference import Difference
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.identified import Identification
from conformance.vocabulary.results import CellResult, Judgement, RunCell, RunFooter, RunHeader

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODE: JsonSchemaMode = "validation"  # a field with a default may be missing: older results do not have it
_LINE: TypeAdapter[Any] = TypeAdapter(RunHeader | RunCell | RunFooter)
_NAMED = {
    "run": ("One line of run.jsonl: the header, a cell, or the footer", _LINE),
    "result": ("result.json: one cell of the matrix, judged", TypeAdapter(CellResult)),
    "judgement": ("What netlab validate --json prints", TypeAdapter(Judgement)),
    "identification": ("What netlab terminal identify --json prints", TypeAdapter(Identification)),
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its file name: `run.schema.json`, `result.schema.json`, ..."""
    return {f"{name}.schema.json": _schema(name, title, adapter) for name, (title, adapter) in _NAMED.items()}


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [folder / name for name in schemas()]


def _schema(name: str, title: str, adapter: TypeAdapter[Any]) -> dict[str, Any]:
    made = adapter.json_schema(by_alias=True, mode=_MODE, ref_template="#/$defs/{model}")
    definitions = made.pop("$defs", {})
    for model, definition in definitions.items():
        _open(model, definition)
    if "properties" in made:
        _open(made["title"], made)
    if "anyOf" in made:  # a line is one of its kinds and no other
        made["oneOf"] = made.pop("anyOf")
    head = {"$schema": DIALECT, "$id": f"urn:netlab-conformance:schema:{name}:1", **made, "title": title}
    return {**head, "$defs": definitions}


def _open(model: str, definition: dict[str, Any]) -> None:
    """Allow more fields, pin what tells kinds and versions apart, and say what each field means."""
    definition.pop("additionalProperties", None)
    fields: dict[str, Any] = definition.get("properties", {})
    for field, schema in fields.items():
        schema.pop("title", None)
        words = _said().get((model, field))
        if words and "description" not in schema:
            schema["description"] = words
        if field in ("kind", "schema") and "default" in schema:
            schema["const"] = schema.pop("default")
            definition["required"] = [field, *definition.get("required", [])]


@cache
def _said() -> dict[tuple[str, str], str]:
    """What the modules of the models say below each field, by class and field."""
    modules = (inspect.getmodule(model) for model in (CellResult, Difference, TerminalEvent, Identification))
    found: dict[tuple[str, str], str] = {}
    for module in modules:
        assert module is not None
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ClassDef):
                found |= _below_fields(node)
    return found


def _below_fields(node: ast.ClassDef) -> dict[tuple[str, str], str]:
    found = {}
    for field, after in zip(node.body, node.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                found[node.name, name] = inspect.cleandoc(words)
    return found


if __name__ == "__main__":
    for file in write_schemas(Path(sys.argv[1])):
        print(file)
