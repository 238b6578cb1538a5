"""What people and programs read of billflow from outside: the command line's help, and the API's document."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from billflow.api.app import create_app
from billflow.api.services import Services
from billflow.cli.app import app
from tests.vocabulary import Kind, Use


def command_line() -> Iterator[Use]:
    """Yield the names of commands, arguments and options, and all that `--help` says."""
    yield from _command(get_command(app), "billflow")


def _command(command: object, typed: str) -> Iterator[Use]:
    assert isinstance(command, TyperCommand | TyperGroup)
    yield from (Use(Kind.TEXT, text, typed) for text in (command.help, command.epilog) if text)
    for parameter in command.params:
        yield from (Use(Kind.CLI, name, typed) for name in parameter.opts if name)
        yield from (Use(Kind.TEXT, text, typed) for text in (getattr(parameter, "help", None),) if text)
    for name, below in getattr(command, "commands", {}).items():
        yield Use(Kind.CLI, name, f"{typed} {name}")
        yield from _command(below, f"{typed} {name}")


@cache
def document() -> Mapping[str, Any]:
    """Return the API's OpenAPI document, for which no service is asked anything.

    It takes two seconds: no module of tests may need it when it is imported, as each process imports all.
    """
    return create_app(cast("Services", None)).openapi()


def schemas() -> Mapping[str, Any]:
    """Return the schemas of the document by name."""
    found: Mapping[str, Any] = document()["components"]["schemas"]
    return found


def api() -> Iterator[Use]:
    """Yield the names of routes and schemas, and all that the document says in words."""
    described = document()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield from _operation(f"{method.upper()} {path}", path, operation)
    for name, schema in described["components"]["schemas"].items():
        yield Use(Kind.SCHEMA, name, "schema")
        yield from (Use(Kind.FIELD, field, f"schema {name}") for field in schema.get("properties", {}))
        yield from (Use(Kind.CONSTANT, str(value), f"schema {name}") for value in schema.get("enum", []))
        yield from _texts(schema, f"schema {name}")


def summaries() -> list[str]:
    """Return the title of each route."""
    return [str(one.get("summary")) for methods in document()["paths"].values() for one in methods.values()]


def _operation(place: str, path: str, operation: Mapping[str, Any]) -> Iterator[Use]:
    yield Use(Kind.ROUTE, path, place)
    yield Use(Kind.ROUTE, operation["operationId"], place)
    yield from (Use(Kind.ROUTE, tag, place) for tag in operation.get("tags", []))
    yield from (Use(Kind.PARAMETER, one["name"], place) for one in operation.get("parameters", []))
    yield from _texts(operation, place)


def _texts(part: object, place: str) -> Iterator[Use]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("summary", "description", "title") and isinstance(value, str):
                yield Use(Kind.TEXT, value, place)
            else:
                yield from _texts(value, place)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value, place)
