"""The facts of plans in a file of JSON lines, which any version from this one on reads.

The first line is the header. Catalogues and settings have a line each, before the first plan that goes by them, and are
counted from 0; a plan's line names them by these numbers.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from billflow.domain.catalog import Catalog
from billflow.domain.errors import InvalidInput
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.step import Facts

VERSION = version("billflow")

PLANS_FORMAT = 1
"""The format of a file of plans, which the first version with dry runs reads too."""

FORMAT = 2
"""Counts up when a file of facts means something else than before; then older versions refuse it. Since 2 there are
files of debts (`debt_facts`)."""

Known = TypeVar("Known")
_NOWHERE = Catalog({})


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsHeader:
    """Whose facts they are, as of when, and which version of billflow wrote them."""

    format: int = PLANS_FORMAT
    version: str = VERSION
    org_id: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPlan:
    """The facts of a plan at `now`: the moment of the snapshot, or where its test clock stood then."""

    now: datetime
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredPlan:
    now: datetime
    catalog: int
    former_catalog: int | None
    settings: int
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    catalog: Catalog | None = None
    settings: BillingSettings | None = None
    plan: _StoredPlan | None = None


_HEADER, _LINE = TypeAdapter(FactsHeader), TypeAdapter(_Line)


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(part, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.writelines(line + b"\n" for line in lines)
    part.replace(path)


def as_line(kind: TypeAdapter[Known], value: Known) -> bytes:
    """Return *value* as JSON on one line; a mapping that can't be changed is an object like any other."""
    return kind.dump_json(value, fallback=dict, warnings=False)


def write_facts(path: Path, header: FactsHeader, plans: Iterable[RecordedPlan]) -> None:
    """Write the facts of *plans* to a file that only its owner reads."""
    write_lines(path, _lines(header, plans))


def read_facts(path: Path) -> Iterator[RecordedPlan]:
    """Yield the plans of a file; raises `InvalidInput` for a file of a later format."""
    catalogs: list[Catalog] = []
    settings: list[BillingSettings] = []
    with path.open("rb") as file:
        checked_header(next(file))
        for text in file:
            line = _LINE.validate_json(text)
            if line.catalog:
                catalogs.append(line.catalog)
            if line.settings:
                settings.append(line.settings)
            if line.plan:
                former = line.plan.former_catalog
                facts = replace(
                    line.plan.facts,
                    catalog=catalogs[line.plan.catalog],
                    former_catalog=None if former is None else catalogs[former],
                    settings=settings[line.plan.settings],
                )
                yield RecordedPlan(now=line.plan.now, facts=facts)


def header_line(header: FactsHeader) -> bytes:
    """Return the first line of a file of facts."""
    return as_line(_HEADER, header)


def checked_header(line: bytes) -> FactsHeader:
    """Return what the first line of a file says; raises `InvalidInput` for a later format."""
    header = _HEADER.validate_json(line)
    if header.format > FORMAT:
        raise InvalidInput(
            f"The facts were recorded by billflow {header.version} in format {header.format}, and this is "
            f"{VERSION}, which reads format {FORMAT}; record them anew.",
            code="facts_too_new",
        )
    return header


def _lines(header: FactsHeader, plans: Iterable[RecordedPlan]) -> Iterator[bytes]:
    catalogs: list[Catalog] = []
    settings: list[BillingSettings] = []
    yield header_line(header)
    for plan in plans:
        facts = plan.facts
        for catalog in (facts.catalog, facts.former_catalog):
            if catalog is not None and _place(catalogs, catalog) is None:
                catalogs.append(catalog)
                yield as_line(_LINE, _Line(catalog=catalog))
        if _place(settings, facts.settings) is None:
            settings.append(facts.settings)
            yield as_line(_LINE, _Line(settings=facts.settings))
        stored = _StoredPlan(
            now=plan.now,
            catalog=_place(catalogs, facts.catalog) or 0,
            former_catalog=_place(catalogs, facts.former_catalog),
            settings=_place(settings, facts.settings) or 0,
            facts=replace(facts, catalog=_NOWHERE, former_catalog=None, settings=DEFAULT_SETTINGS),
        )
        yield as_line(_LINE, _Line(plan=stored))


def _place(known: list[Known], wanted: Known | None) -> int | None:
    return next((n for n, one in enumerate(known) if one is wanted or one == wanted), None)
