"""What a catalogue would change, and for whom; and prices that running plans are announced."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from billflow.domain.plan import Schedule
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.responses import ListResponse, ResourceResponse, ResponseModel, shown_as


class CatalogChange(Contract):
    """One field of a tier, or of an add-on, that would be another; null is none, as in a tier that comes or goes."""

    tier: str | None
    add_on: str | None = None
    field: str = Field(examples=["prices.EUR.monthly"])
    before: Any = Field(examples=[900])
    after: Any = Field(examples=[1000])


class NextInvoice(Contract):
    """The invoice that a plan makes next, in minor units, or why it would be on hold; none where it ends before.

    With `automatic_tax` Stripe adds the tax to its total.
    """

    at: Moment | None = None
    total: int | None = None
    automatic_tax: bool = False
    on_hold: str | None = None


class PlanEffect(Contract):
    """A plan whose next invoice would be another."""

    plan_id: str
    customer_id: str
    customer_name: str | None
    tier: str
    currency: str
    before: NextInvoice
    after: NextInvoice


class CatalogDiff(Contract):
    """What a catalogue would change; of `plans` on the tiers that change, `examined` were looked at."""

    changes: tuple[CatalogChange, ...]
    plans: int
    examined: int
    touched: tuple[PlanEffect, ...]


class PriceChangeCreate(RequestModel):
    """Give the plans of a tier the price that is listed, at their first renewal after a date and a notice."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tier": "team", "starts_at": "2027-01-01T00:00:00Z", "notice_days": 30}]}
    )

    tier: str = Field(max_length=100)
    starts_at: RequestMoment
    notice_days: Annotated[int, Field(ge=0, le=365)]
    reason: str | None = Field(None, max_length=2000)


class PriceChangeRef(Contract):
    """One price change of an organization."""

    org_id: str
    price_change_id: str


class RepricedPlan(Contract):
    """A plan whose price changes; amounts in minor units, for the licenses that it would renew with now.

    `takes_effect_at` is the renewal that has the new price, None where the plan ends before.
    """

    plan_id: str
    customer_id: str
    customer_name: str | None
    schedule: Schedule
    currency: str
    licenses: int
    price_before: int
    price_after: int
    amount_before: int
    amount_after: int
    takes_effect_at: Moment | None


class PriceChangeRecord(Contract):
    """A price change as it was announced; `pending` plans still have their price."""

    price_change_id: str
    tier: str
    starts_at: Moment
    notice_days: int
    catalog_version: int
    actor: str
    reason: str | None
    at: Moment
    withdrawn_at: Moment | None
    plans: int
    pending: int


class PriceChangeResponse(ResourceResponse, PriceChangeRecord):
    """A price change; `pending` plans still have their price."""

    price_change_id: str = shown_as("id", "price_change_id")


def shown(record: PriceChangeRecord) -> PriceChangeResponse:
    """Return a price change as answers have it."""
    return PriceChangeResponse.model_validate(record, from_attributes=True)


class PriceChangePreview(ResponseModel):
    """The plans that a price change would reach."""

    plans: tuple[RepricedPlan, ...]


class PriceChangeStartResponse(ResponseModel):
    """A price change as it was announced, and the plans that it reaches."""

    price_change: PriceChangeResponse
    plans: tuple[RepricedPlan, ...]


class PriceChangeList(ListResponse):
    """Price changes, the newest first."""

    rows: list[PriceChangeResponse] = shown_as("price_changes", "rows")


def changes_between(old: CatalogDocument, new: CatalogDocument) -> tuple[CatalogChange, ...]:
    """Return every field of a tier or add-on that *new* has otherwise, by table and field."""
    before, after = dict(_fields(old)), dict(_fields(new))
    places = dict.fromkeys([*after, *before])
    return tuple(
        CatalogChange(
            tier=code if table == "tier" else None,
            add_on=code if table == "add_on" else None,
            field=field,
            before=before.get((table, code, field)),
            after=after.get((table, code, field)),
        )
        for table, code, field in places
        if before.get((table, code, field)) != after.get((table, code, field))
    )


def _fields(document: CatalogDocument) -> Iterator[tuple[tuple[str, str, str], Any]]:
    for table, codes in document.content().items():
        for code, fields in codes.items():
            yield from (((table, code, field), value) for field, value in _flat(fields))


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
