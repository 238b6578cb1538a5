"""Templates of pages: every value is escaped, and what a template asks for must be there."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates_of(package: str, filters: Iterable[Callable[..., str]]) -> Environment:
    """Return the templates of a package, with filters by their names."""
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({one.__name__: one for one in filters})
    return environment


@cache
def version_of(package: str) -> str:
    """Return what changes with the package's static files, so that a browser takes the new ones."""
    static = files(package) / "static"
    read = (one.read_bytes() for one in sorted(static.iterdir(), key=lambda one: one.name))
    return hashlib.sha256(b"".join(read)).hexdigest()[:12]
