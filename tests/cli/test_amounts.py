"""Every amount that is shown to people is money: in timelines, of facts, and in what a catalogue changes."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest

from billflow.cli.catalog import CHANGES
from billflow.cli.json_objects import JsonObject
from billflow.cli.output import Columns
from billflow.cli.plan_views import timeline_lines
from billflow.console.timeline import timeline_of
from billflow.domain.amount_fields import AMOUNTS
from billflow.domain.commands import PlanCommand
from billflow.domain.currencies import format_amount
from billflow.models.contracts.catalog_changes import CatalogChange
from billflow.models.contracts.event_types import event_declarations
from billflow.models.contracts.records import TimelineEntry
from tests.interfaces import document

NUMBERS = {
    *("licenses", "licenses_at_next_renewal", "minimum_licenses", "quantity", "item", "max_projects"),
    *("days", "attempt", "months_left", "flat_discounted_months"),
    *("paid", "needed"),  # licenses
    *("n", "version", "first_position", "last_position"),  # of lines, catalogues, entries of the audit log
}
"""Whole numbers in what is shown that count something else than minor units."""

SHOWN = ("RefundResponse", "CreditNoteResponse", "Paid", "PlanPreview")
"""What commands show field by field."""

AT = datetime(2026, 7, 1, tzinfo=UTC)
EXAMPLES = {name: declared.data for name, declared in event_declarations().items()}


def numbers(value: Any, currency: str = "EUR", name: str = "") -> Iterator[tuple[str, int, str]]:
    """Yield every whole number in a value, with the name of its field and the currency beside it."""
    if isinstance(value, dict):
        own = value.get("currency", currency)
        for field, held in value.items():
            yield from numbers(held, own, field)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from numbers(one, currency, name)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield name, value, currency


def of_commands() -> Iterator[str]:
    """Yield the fields of commands that are whole numbers."""
    for variant in get_args(PlanCommand):
        hints = get_type_hints(variant)
        yield from (field.name for field in fields(variant) if int in (hints[field.name], *get_args(hints[field.name])))


def of_responses() -> Iterator[str]:
    """Yield the fields of shown answers that are whole numbers, in their lists too."""
    schemas = document()["components"]["schemas"]
    for schema in SHOWN:
        for field, described in schemas[schema]["properties"].items():
            if "'integer'" in str(described):
                yield field


def test_each_whole_number_that_is_shown_is_an_amount_or_counts_something() -> None:
    found = {name for data in EXAMPLES.values() for name, *_ in numbers(data)} | {*of_commands(), *of_responses()}

    assert found - AMOUNTS - NUMBERS == set(), "is it in minor units? then into AMOUNTS, else into NUMBERS"
    assert found >= NUMBERS
    assert set() == AMOUNTS & NUMBERS


@pytest.mark.parametrize(
    "event", [name for name, data in EXAMPLES.items() if AMOUNTS & {one for one, *_ in numbers(data)}]
)
def test_a_timeline_shows_each_amount_of_an_event_as_money(event: str) -> None:
    data = EXAMPLES[event]
    told = JsonObject(at=AT.isoformat(), name=event, actor_name=None, data=data)
    entry = TimelineEntry(at=AT, recorded_at=AT, kind="event", name=event, data=data)

    [line] = timeline_lines([told], "EUR")
    [row] = timeline_of([("EUR", [entry])])

    for name, value, currency in numbers(data):
        if name in AMOUNTS and value:
            for text in (line, row.details):
                assert format_amount(value, currency) in text
                assert f" {value}" not in text


@pytest.mark.parametrize("place", [{"tier": "team"}, {"tier": None, "add_on": "storage"}])
def test_prices_that_a_catalogue_changes_are_money(place: dict[str, Any]) -> None:
    price = CatalogChange(**place, field="prices.KWD.monthly", before=900, after=1250)
    columns: Columns = CHANGES
    number = CatalogChange(**place, field="trial_days", before=None, after=30)

    assert [shown(price) for shown in columns.values()][2:] == ["KWD 0.900", "KWD 1.250"]
    assert [shown(number) for shown in columns.values()][2:] == ["", "30"]
