"""The examples of products that `billflow demo` knows: each a folder with a catalogue and what its customers do."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pydantic import Field, ValidationError

import billflow
from billflow.demo.scenario import PriceChange, Scenario, ScenarioStep
from billflow.demo.seats_csv import Organization
from billflow.documents.logo import checked_logo
from billflow.domain.coupons import Coupon
from billflow.domain.errors import InvalidInput
from billflow.domain.plan_start import StartPlan
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.addresses import Country, Language
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.catalog import CATALOG_FILE, CLOUD_AND_SELF_HOSTED, CatalogDocument, example_text
from billflow.models.contracts.catalog_changes import PriceChangeCreate
from billflow.models.contracts.coupons import CouponCreate
from billflow.models.contracts.customers import Count, Currency, Name
from billflow.models.contracts.documents import Logo
from billflow.models.contracts.email_addresses import Email
from billflow.models.contracts.seller import SELLER_FILE, SellerFile
from billflow.models.contracts.tax_rates import TAX_FILE, TaxDocument
from billflow.payments.sandbox import GOOD_CARD

DEFAULT = "team-chat"
_PACKAGE = Path(billflow.__file__).parent
_FOLDERS = (_PACKAGE / "examples", _PACKAGE.parents[1] / "examples")
"""Where the examples are: beside the modules once it is installed, and in the source tree."""


class ExampleCustomer(RequestModel):
    """A customer: what it buys, with how many people it begins, and what happens then."""

    name: Name
    description: str
    email: Email
    language: Language = "en-US"
    currency: Currency = "USD"
    country: Country | None = None
    tax_id: Name | None = None
    starts_at: RequestMoment
    members: Count
    guests: Count = 0
    card: str = GOOD_CARD
    plan: StartPlan
    steps: tuple[ScenarioStep, ...] = ()

    def scenario(
        self,
        ends_at: datetime,
        price_change: PriceChange | None,
        coupons: Mapping[str, Coupon],
        tax: TaxDocument | None,
    ) -> Scenario:
        """Return it as it is run until *ends_at*, with the one of *coupons*, by code, that it names, and its *tax*."""
        steps = sorted((step for step in self.steps if step.at < ends_at), key=lambda step: step.at)
        people = [ScenarioStep(at=self.starts_at, members=self.members, guests=self.guests), *steps]
        observations = (
            SeatObservation(observed_at=step.at, members=step.members, guests=step.guests)
            for step in people
            if step.members is not None
        )
        return Scenario(
            organization=Organization(self.name, tuple(observations)),
            starts_at=self.starts_at,
            ends_at=ends_at,
            start=self.plan,
            steps=tuple(steps),
            card=self.card,
            description=self.description,
            currency=self.currency,
            email=self.email,
            language=self.language,
            price_change=price_change,
            coupon=coupons.get((self.plan.coupon or "").lower()),
            country=self.country,
            tax_id=self.tax_id,
            tax=tax,
        )


class ExamplePriceChange(PriceChangeCreate):
    """Another catalogue, applied and announced at a moment."""

    at: RequestMoment
    catalog: str


class ExampleFile(RequestModel):
    """The demo.toml of an example: paths are relative to it, and customers come from it or from a CSV of seats."""

    description: str
    catalog: str
    seller: str | None = None
    tax: str | None = None
    seats: str | None = None
    seat_source: str | None = None
    ends_at: RequestMoment
    coupon: tuple[CouponCreate, ...] = ()
    customer: tuple[ExampleCustomer, ...] = Field(default=())
    price_change: ExamplePriceChange | None = None


@dataclass(frozen=True)
class Example:
    """A folder with a demo.toml."""

    folder: Path

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.folder.name

    @cached_property
    def file(self) -> ExampleFile:
        """Return what its demo.toml says; raises `InvalidInput`, one sentence with place and way out."""
        path = self.folder / "demo.toml"
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            return ExampleFile.model_validate_json(json.dumps(data, default=str), strict=True)
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"{path} is no TOML: {error}.", field="example") from None
        except ValidationError as error:
            raise InvalidInput(f"{path}: {CATALOG_FILE.first_fault(error).message}", field="example") from None

    def document(self) -> CatalogDocument:
        """Return what it sells."""
        if self.file.catalog == CLOUD_AND_SELF_HOSTED:
            return CATALOG_FILE.from_toml(example_text(CLOUD_AND_SELF_HOSTED))
        return CATALOG_FILE.read(self.folder / self.file.catalog)

    def seller(self) -> tuple[SellerFile, Logo | None] | None:
        """Return who sells with its logo, None where that is the example of every organization."""
        if self.file.seller is None:
            return None
        seller = SELLER_FILE.read(self.folder / self.file.seller)
        return seller, checked_logo((self.folder / seller.logo).read_bytes()) if seller.logo else None

    def tax(self) -> TaxDocument | None:
        """Return how its invoices are taxed, None where they aren't."""
        return TAX_FILE.read(self.folder / self.file.tax) if self.file.tax else None

    def scenarios(self, only: int | None, until: datetime) -> Sequence[Scenario]:
        """Return what its first *only* customers do until then; who would start later has none."""
        change = self._price_change()
        change = change if change and change.at < until else None
        coupons = {one.code.lower(): one.coupon() for one in self.file.coupon}
        customers = [one for one in self.file.customer[:only] if one.starts_at < until]
        return [one.scenario(until, change, coupons, self.tax()) for one in customers]

    def _price_change(self) -> PriceChange | None:
        if (announced := self.file.price_change) is None:
            return None
        after = CATALOG_FILE.read(self.folder / announced.catalog)
        asked = PriceChangeCreate.model_validate(announced.model_dump(include=set(PriceChangeCreate.model_fields)))
        return PriceChange(announced.at, self.document().checked(), after, asked)


def examples() -> dict[str, Example]:
    """Return every example by its name."""
    files = (file for folder in _FOLDERS for file in sorted(folder.glob("*/demo.toml")))
    return {file.parent.name: Example(file.parent) for file in files}


def example_named(name: str) -> Example:
    """Return the example of that name; raises `InvalidInput`, which names each with a sentence."""
    known = examples()
    if name not in known:
        listed = " ".join(f"{one.name}: {one.file.description}" for one in known.values())
        raise InvalidInput(f"There is no example {name!r}; name one of these. {listed}", field="example")
    return known[name]
