"""How an organization taxes what it bills, as it is written and shown: in versions, from a day on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from importlib.resources import files
from itertools import combinations
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from billflow.domain.errors import InvalidInput
from billflow.domain.tax.policy import EU, TaxMode, TaxPolicy, TaxRate
from billflow.models.contracts.addresses import Country
from billflow.models.contracts.base import Moment, RequestModel
from billflow.models.contracts.catalog_changes import PlanEffect
from billflow.models.contracts.files import FileFormat
from billflow.models.contracts.responses import ResponseModel

_MOST = 100
_DECIMALS = 4
_FIRST, _LAST = date.min, date.max


def _checked_percent(text: str) -> str:
    try:
        percent = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f'{text!r} is no percentage; write it as "19" or "9.975".') from None
    exponent = percent.as_tuple().exponent
    if not percent.is_finite() or not 0 <= percent <= _MOST or (isinstance(exponent, int) and exponent < -_DECIMALS):
        raise InvalidInput(f"{text!r} is no rate; name one from 0 to {_MOST} with at most {_DECIMALS} decimals.")
    return f"{percent:f}"


Percent = Annotated[str, StringConstraints(max_length=20), AfterValidator(_checked_percent)]
Region = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=50)]
RateText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]


class TaxRateDocument(RequestModel):
    """A rate of a country, or of a region in place of the country's, unless it `adds_to_country`.

    It holds for invoices dated from the day `since` on and before the day `until`, in UTC. With an `exemption`, which
    says why, nothing is charged.
    """

    country: Country
    region: Region | None = None
    name: RateText = Field(examples=["VAT"])
    percent: Percent = Field(examples=["19"])
    adds_to_country: bool = False
    inclusive: bool = False
    exemption: RateText | None = None
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "TaxRateDocument":
        if self.adds_to_country and self.region is None:
            raise InvalidInput("A rate without a region is the country's; name a region.", field="adds_to_country")
        if self.exemption is not None and Decimal(self.percent):
            raise InvalidInput('What is exempt is charged nothing; write percent = "0".', field="percent")
        if self.since and self.until and self.since >= self.until:
            raise InvalidInput("The last day comes before the first; until is after since.", field="until")
        return self

    @property
    def days(self) -> tuple[date, date]:
        """Return the days it is valid on, half-open."""
        return self.since or _FIRST, self.until or _LAST

    def overlaps(self, other: "TaxRateDocument") -> bool:
        """Tell whether both are valid on one day."""
        return self.days[0] < other.days[1] and other.days[0] < self.days[1]

    def rate(self) -> TaxRate:
        """Return it as it is applied."""
        return TaxRate(
            country=self.country,
            region=self.region,
            name=self.name,
            percent=Decimal(self.percent),
            adds_to_country=self.adds_to_country,
            inclusive=self.inclusive,
            exemption=self.exemption,
            since=midnight(self.since),
            until=midnight(self.until),
        )


class TaxDocument(RequestModel):
    """How invoices are taxed that are dated from `starts_on` on, in UTC, or all that are still to be made.

    With `oss` private customers in other member states of the Union pay their own country's rate, else the seller's.
    With `reverse_charge` businesses there that have a VAT number pay none.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "own_rates",
                    "starts_on": "2027-01-01",
                    "oss": True,
                    "rates": [
                        {"country": "DE", "name": "VAT", "percent": "19"},
                        {"country": "FR", "name": "VAT", "percent": "20"},
                    ],
                }
            ]
        }
    )

    mode: TaxMode
    starts_on: date | None = None
    oss: bool = False
    reverse_charge: bool = True
    rates: tuple[TaxRateDocument, ...] = Field((), max_length=1000)

    @model_validator(mode="after")
    def _rates_go_together(self) -> "TaxDocument":
        if self.mode is TaxMode.OWN_RATES and not self.rates:
            raise InvalidInput("There is no rate; add [[rates]], or choose the mode none.", field="rates")
        for n, rate in enumerate(self.rates):
            if self.reverse_charge and rate.inclusive and rate.country in EU:
                raise InvalidInput(
                    "A price that contains tax can't go with reverse charge, where none is owed; "
                    "say inclusive = false, or reverse_charge = false.",
                    field=f"rates.{n}.inclusive",
                )
        for (_, one), (n, other) in combinations(enumerate(self.rates), 2):
            _check_pair(one, other, n)
        return self

    def content(self) -> dict[str, Any]:
        """Return it as JSON, without what is left at its default and what is no part of it."""
        mine = set(TaxDocument.model_fields)
        content: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True, include=mine)
        return content

    def policy(self, home: str | None = None) -> TaxPolicy:
        """Return it as it is applied by a seller in *home*."""
        return TaxPolicy(
            mode=self.mode,
            rates=tuple(rate.rate() for rate in self.rates),
            oss=self.oss,
            reverse_charge=self.reverse_charge,
            home=home,
            since=midnight(self.starts_on),
        )


def _check_pair(one: TaxRateDocument, other: TaxRateDocument, n: int) -> None:
    if one.country != other.country or not one.overlaps(other):
        return
    if one.region == other.region:
        raise InvalidInput(
            f"Two rates of {one.rate().jurisdiction} are valid on the same day; end one (until) where the other begins "
            "(since).",
            field=f"rates.{n}",
        )
    if one.inclusive is not other.inclusive:
        raise InvalidInput(
            f"The rates of {one.country} must all be inclusive, or none: a price contains tax or doesn't.",
            field=f"rates.{n}.inclusive",
        )


def midnight(day: date | None) -> datetime | None:
    """Return the beginning of a day in UTC."""
    return None if day is None else datetime.combine(day, time(), UTC)


class TaxApply(TaxDocument):
    """How invoices are taxed, and why that changes, for the audit log."""

    reason: str | None = Field(None, max_length=2000)


class TaxVersionRecord(ResponseModel):
    """A version that was applied, and whether invoices that are made now go by it."""

    version: int
    mode: TaxMode
    starts_on: date | None
    applied_at: Moment
    applied_by: str
    reason: str | None
    holds: bool


class TaxResponse(ResponseModel):
    """How invoices are taxed by the newest version, 0 where nothing was applied, and all versions, the newest first."""

    version: int
    mode: TaxMode = TaxMode.NONE
    starts_on: date | None = None
    oss: bool = False
    reverse_charge: bool = True
    rates: tuple[TaxRateDocument, ...] = ()
    versions: tuple[TaxVersionRecord, ...] = ()


class TaxChange(ResponseModel):
    """A field that would be another; of a rate, which is told by its place, and null where it comes or goes."""

    field: str = Field(examples=["rates.DE.percent"])
    before: Any = Field(examples=["19"])
    after: Any = Field(examples=["20"])


class TaxDiff(ResponseModel):
    """What a version would change; of `plans` that run, `examined` were looked at, `touched` get another invoice."""

    changes: tuple[TaxChange, ...]
    plans: int
    examined: int
    touched: tuple[PlanEffect, ...]


def changes_between(old: TaxDocument, new: TaxDocument) -> tuple[TaxChange, ...]:
    """Return every field that *new* has otherwise."""
    before, after = dict(_fields(old)), dict(_fields(new))
    return tuple(
        TaxChange(field=name, before=before.get(name), after=after.get(name))
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    )


def _fields(document: TaxDocument) -> Iterator[tuple[str, Any]]:
    content = document.model_dump(mode="json", include=set(TaxDocument.model_fields))
    yield from ((name, value) for name, value in content.items() if name != "rates")
    for rate in document.rates:
        place = f"rates.{rate.rate().jurisdiction}"
        if rate.since is not None:
            place += f" from {rate.since}"
        values = rate.model_dump(mode="json", exclude={"country", "region", "since"}, exclude_defaults=True)
        yield from ((f"{place}.{name}", value) for name, value in values.items())


TAX_FILE = FileFormat(
    TaxDocument,
    noun="tax file",
    field="tax",
    refusal=partial(InvalidInput, code="invalid_tax"),
    page="tax.md",
    shown=frozenset({"version", "versions"}),
)
"""How a tax file is read."""


def example_text() -> str:
    """Return the file of an example."""
    return files("billflow").joinpath("catalogs", "tax.toml").read_text(encoding="utf-8")
