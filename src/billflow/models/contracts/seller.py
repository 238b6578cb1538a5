"""Who sells, as it is written and shown: an organization's seller, in versions, the newest of which holds."""

import re
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from billflow.domain.errors import InvalidInput
from billflow.domain.settings import DEFAULT_SETTINGS
from billflow.models.contracts.addresses import Address, AddressLine, Country, Language
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.customers import Currency, Name
from billflow.models.contracts.email_addresses import Email
from billflow.models.contracts.files import FileFormat
from billflow.models.contracts.registered_numbers import Bic, Iban, checked_vat_number
from billflow.models.contracts.responses import ResponseModel

DIGITS = 5
"""How many digits of a number are printed at least."""

_NUMBER = re.compile(rf"(?P<prefix>[A-Z0-9]+)-(?:(?P<year>\d{{4}})-)?(?P<sequence>\d{{{DIGITS},15}})")

_PREFIX = re.compile(r"[A-Z0-9]{1,12}")

LineText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
FooterText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Days = Annotated[int, Field(ge=0, le=365)]


class SellerAddress(Address):
    """Where the seller is; an invoice needs street, city and country."""

    street: AddressLine
    city: AddressLine
    country: Country


class BankDetails(RequestModel):
    """The account that sent invoices are paid to."""

    account_holder: LineText
    iban: Iban
    bic: Bic | None = None
    bank: LineText | None = None


def _checked_prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise InvalidInput(f"{prefix!r} is no prefix; use 1 to 12 of A to Z and 0 to 9, such as INV.")
    return prefix


class InvoiceSeries(Contract):
    """A series of invoice numbers without gaps: a prefix, and the year where each year has its own (rules 36.2)."""

    prefix: str
    year: int | None = None

    def number(self, sequence: int) -> str:
        """Return a number as it is printed, such as INV-2026-00007."""
        return f"{self.stem}{sequence:0{DIGITS}d}"

    @property
    def stem(self) -> str:
        """Return what all numbers of the series begin with, such as INV-2026-."""
        year = "" if self.year is None else f"-{self.year}"
        return f"{self.prefix}{year}-"


class Numbering(RequestModel):
    """How invoices are numbered where billflow does it, each year anew unless `per_year` is false.

    `continue_after` is the last number that was given elsewhere in a series that billflow is to go on with.
    """

    prefix: Annotated[str, AfterValidator(_checked_prefix)]
    per_year: bool = True
    continue_after: Annotated[str, StringConstraints(max_length=40)] | None = Field(None, examples=["INV-2026-00123"])

    @field_validator("continue_after")
    @classmethod
    def _of_this_series(cls, number: str | None, info: ValidationInfo) -> str | None:
        prefix, per_year = info.data.get("prefix"), info.data.get("per_year")
        if number is None or prefix is None or per_year is None:
            return number
        found = _NUMBER.fullmatch(number)
        if found is None or found["prefix"] != prefix or (found["year"] is not None) is not per_year:
            example = InvoiceSeries(prefix=prefix, year=2026 if per_year else None).number(123)
            raise InvalidInput(f"{number!r} is no number of this series; write it as {example}.")
        return number

    def series(self, at: datetime) -> InvoiceSeries:
        """Return the series of an invoice that is dated *at*; the year is that in UTC."""
        return InvoiceSeries(prefix=self.prefix, year=at.year if self.per_year else None)

    @property
    def continued(self) -> tuple[InvoiceSeries, int] | None:
        """Return the series of `continue_after`, and how far it is."""
        found = _NUMBER.fullmatch(self.continue_after or "")
        if found is None:
            return None
        year = int(found["year"]) if found["year"] else None
        return InvoiceSeries(prefix=self.prefix, year=year), int(found["sequence"])


class SellerTerms(RequestModel):
    """When sent invoices are due, in days after their date (rules 8.5); an offer may say its own."""

    days_until_due: Days = DEFAULT_SETTINGS.days_until_due
    purchase_days_until_due: Days = DEFAULT_SETTINGS.purchase_days_until_due


class SellerDocument(RequestModel):
    """Who sells: what invoices say, and what new customers have where nothing else is said."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "legal_name": "Example Software GmbH",
                    "address": {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"},
                    "vat_number": "DE136695976",
                    "email": "billing@example.com",
                }
            ]
        }
    )

    legal_name: Name
    address: SellerAddress
    vat_number: LineText | None = None
    registration_number: LineText | None = None
    email: Email | None = None
    footer: FooterText | None = None
    bank: BankDetails | None = None
    numbering: Numbering | None = None
    payment_terms: SellerTerms = SellerTerms()
    default_language: Language | None = None
    default_currency: Currency | None = None
    e_invoice: bool = False

    @field_validator("e_invoice")
    @classmethod
    def _named_by_a_number(cls, switched_on: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  (a field's value)
        known = info.data.keys() >= {"vat_number", "registration_number"}
        if switched_on and known and not (info.data["vat_number"] or info.data["registration_number"]):
            raise InvalidInput(
                "EN 16931 wants a number of the seller on each e-invoice; add vat_number or registration_number, or "
                "leave it out.",
                code="e_invoice_without_seller_number",
            )
        return switched_on

    @field_validator("vat_number")
    @classmethod
    def _of_the_country(cls, number: str | None, info: ValidationInfo) -> str | None:
        address = info.data.get("address")
        return checked_vat_number(number, address.country) if number and address else number

    def content(self) -> dict[str, Any]:
        """Return it as JSON, without what is left at its default and what is no part of the seller."""
        mine = set(SellerDocument.model_fields)
        content: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True, include=mine)
        return content


class SellerApply(SellerDocument):
    """Who sells from now on, and why, for the audit log."""

    reason: str | None = Field(None, max_length=2000)


class SellerFile(SellerDocument):
    """A seller in a file, which may name another file for the logo; without one the logo stays."""

    logo: AddressLine | None = None


class SellerVersion(Contract):
    """One version of who sells; 0 is before the first."""

    version: int
    applied_at: Moment | None = None
    applied_by: str | None = None
    reason: str | None = None


class SeriesRecord(InvoiceSeries):
    """A series of invoice numbers that has begun: the last number that was given, by billflow or before it."""

    last: str


class SellerResponse(ResponseModel):
    """Who sells, and since when; `logo` is the media type of the one that is printed."""

    version: int
    applied_at: Moment | None
    applied_by: str | None
    reason: str | None
    legal_name: str | None = None
    address: SellerAddress | None = None
    vat_number: str | None = None
    registration_number: str | None = None
    email: str | None = None
    footer: str | None = None
    bank: BankDetails | None = None
    numbering: Numbering | None = None
    payment_terms: SellerTerms = SellerTerms()
    default_language: str | None = None
    default_currency: str | None = None
    e_invoice: bool = False
    logo: str | None = None
    series: tuple[SeriesRecord, ...] = ()


SELLER_FILE = FileFormat(
    SellerFile,
    noun="seller",
    field="seller",
    refusal=partial(InvalidInput, code="invalid_seller"),
    page="seller.md",
    shown=frozenset({*SellerVersion.model_fields, "logo", "series"}),
)
"""How a seller is read."""


def example_text() -> str:
    """Return the file of an example."""
    return files("billflow").joinpath("catalogs", "seller.toml").read_text(encoding="utf-8")
