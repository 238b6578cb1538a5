"""Load the parameter table and the blank objects that ship with the package."""

import json
from functools import cache
from importlib.resources import files

from stripe_emulator.types import Obj


def _text(name: str) -> str:
    return files("stripe_emulator.contract").joinpath(name).read_text(encoding="utf-8")


@cache
def parameters() -> Obj:
    """Return `operations` (method, path, params by operation id) and the `shared` parameter objects."""
    table: Obj = json.loads(_text("parameters.json"))
    return table


@cache
def _blank_texts() -> dict[str, str]:
    return {name: json.dumps(body) for name, body in json.loads(_text("blanks.json")).items()}


def blank(name: str) -> Obj:
    """Return a fresh object of this kind with every required property at null or empty."""
    made: Obj = json.loads(_blank_texts()[name])
    return made
