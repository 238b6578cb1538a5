"""The pages of the site that are written from the code when it is built: command line, HTTP, list of decisions."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from billflow.api.app import create_app
from billflow.api.services import Services
from billflow.cli.app import app
from billflow.cli.commands import LazyCommand

DECISIONS = Path(__file__).resolve().parents[1] / "docs" / "decisions"

CLI_HEAD = """# The command line

Every command as `--help` has it. A command ends with 0, with 1 where it was refused, with 2 where it was typed wrongly;
[errors](errors.md) lists the others. With `--json` it prints what the [API](http.md) answers.

"""
HTTP_HEAD = """# The HTTP API

Every operation. A running API has the same to try at `/docs`, with its OpenAPI document. Each request
needs `Authorization: Bearer` with a key (`billflow keys create`); amounts are whole minor units, times are in UTC, and
[errors](errors.md) have a stable code. From Python, [the client](client.md) makes every call.

"""
DECISIONS_HEAD = """# Decisions

What would surprise a reader, why it is so, and which test holds it.

"""


def cli_page() -> str:
    """Return the page of the command line."""
    return CLI_HEAD + "\n".join(_command(get_command(app), "billflow"))


def _command(command: object, typed: str) -> Iterator[str]:
    command = command.load() if isinstance(command, LazyCommand) else command
    if not isinstance(command, TyperCommand | TyperGroup):
        raise TypeError(f"{typed} is no command")
    level = "##" if typed.count(" ") < 2 else "###"  # noqa: PLR2004  (the command of a group)
    yield f"{level} `{typed}`\n\n{_paragraphs(command.help)}\n"
    rows = [row for one in command.params if (row := _parameter(one))]
    if rows:
        yield "| | |\n| --- | --- |\n" + "\n".join(rows) + "\n"
    examples = re.findall(r"Example: (.*)", f"{command.help}\n{command.epilog}")
    if examples:
        yield "".join(f"    {line}\n" for line in examples)
    for name, below in getattr(command, "commands", {}).items():
        yield from _command(below, f"{typed} {name}")


def _paragraphs(text: str | None) -> str:
    whole = (" ".join(part.split()) for part in (text or "").split("\n\n"))
    return "\n\n".join(part for part in whole if not part.startswith("Example: "))


def _parameter(one: Any) -> str | None:
    if getattr(one, "hidden", False) or one.name == "help":
        return None
    is_argument = isinstance(one, TyperArgument)
    name = (one.metavar or one.name.upper()) if is_argument else ", ".join([*one.opts, *one.secondary_opts])
    metavar = f" {one.metavar}" if one.metavar and not is_argument else ""
    return f"| `{name}{metavar}` | {_cell(getattr(one, 'help', None))} |"


def http_page() -> str:
    """Return the page of the API."""
    document = create_app(cast("Services", None)).openapi()
    schemas = document["components"]["schemas"]
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = next(iter(operation.get("tags", [])), "other")
            by_tag.setdefault(tag, []).append("\n".join(_operation(f"{method.upper()} {path}", operation, schemas)))
    return HTTP_HEAD + "\n".join(f"## {tag}\n\n" + "\n".join(texts) for tag, texts in by_tag.items())


def _operation(place: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{place}`\n\n{operation.get('summary', '')}.\n"
    if description := operation.get("description"):
        yield f"{_paragraphs(description)}\n"
    rows = [
        _field(one["name"], one.get("schema", {}), one.get("description")) for one in operation.get("parameters", [])
    ]
    rows += [row for schema in _bodies(operation) for row in _fields(schema, schemas)]
    if rows:
        yield "| field | type | what |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _bodies(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {})
    yield from (one["schema"] for kind, one in content.items() if kind == "application/json" and "schema" in one)


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    """Yield a row for each field of a body; of a body of several forms the forms are named."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    forms = schema.get("oneOf") or schema.get("anyOf") or []
    if forms:
        yield f"| | one of {', '.join(_type(form) for form in forms)} | |"
    needed = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        yield _field(name, field, field.get("description"), is_needed=name in needed)


def _field(name: str, schema: Mapping[str, Any], text: str | None, *, is_needed: bool = False) -> str:
    return f"| `{name}` | {_type(schema)}{', needed' if is_needed else ''} | {_cell(text)} |"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    forms = [_type(form) for form in schema.get("anyOf", []) if form.get("type") != "null"]
    if forms:
        return " or ".join(dict.fromkeys(forms))
    kind = str(schema.get("type", schema.get("const", "any")))
    return f"list of {_type(schema['items'])}" if kind == "array" and "items" in schema else kind


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def decisions_page() -> str:
    """Return the list of decisions."""
    pages = sorted(DECISIONS.glob("0*.md"))
    titles = [(page.name, page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")) for page in pages]
    return DECISIONS_HEAD + "".join(f"- [{title}]({name})\n" for name, title in titles)
