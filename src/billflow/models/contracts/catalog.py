"""What an organization sells, as it is written: TOML in files, the same as JSON over HTTP."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from pydantic import ConfigDict, Field, ValidationError

from billflow.domain.catalog import AddOn, Catalog, Tier
from billflow.domain.catalog_check import check_catalog
from billflow.domain.errors import BillingError, InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.responses import ListResponse, ResponseModel, shown_as

PER_SEAT, CLOUD_AND_SELF_HOSTED = "per_seat", "cloud_and_self_hosted"
"""Examples of catalogues: a plain product by the seat, and one for cloud and self-hosted customers."""

_SAID = {
    "missing": "is missing; add it",
    "extra_forbidden": "is unknown; leave it out",
    "unexpected_keyword_argument": "is unknown; leave it out",
    "int_type": "must be a whole number, in minor units where it is a price",
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
}


class CatalogDocument(RequestModel):
    """A catalogue: a table for each tier and each add-on, by its code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "tier": {
                        "team": {
                            "name": "Team",
                            "trial_days": 14,
                            "seats": {"count": "users"},
                            "prices": {"EUR": {"annual": 9000, "monthly": 900}},
                        }
                    }
                }
            ]
        }
    )

    tier: dict[str, Tier] = Field(description="Each tier under its code; prices are minor units per license and cycle.")

    add_on: dict[str, AddOn] = Field(
        default_factory=dict, description="Each add-on under its code; prices are minor units per unit and cycle."
    )

    def catalog(self, version: int = 0) -> Catalog:
        """Return it as it is sold from."""
        tiers = {code: replace(tier, code=code) for code, tier in self.tier.items()}
        add_ons = {code: replace(add_on, code=code) for code, add_on in self.add_on.items()}
        return Catalog(MappingProxyType(tiers), version, MappingProxyType(add_ons))

    def checked(self) -> Catalog:
        """Return it as it is sold from, once it is right; raises `InvalidInput`, which names tier and field."""
        tables: list[tuple[str, Mapping[str, Tier | AddOn]]] = [("tier", self.tier), ("add_on", self.add_on)]
        for table, code, sold in ((name, *one) for name, many in tables for one in many.items()):
            if sold.code not in ("", code):
                raise _fault(f"{table}.{code}.code", f"is {sold.code!r}; leave it out, for the table has the code")
        catalog = self.catalog()
        check_catalog(catalog)
        return catalog

    def content(self) -> dict[str, Any]:
        """Return it as JSON, without what is left at its default."""
        content: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        for table in (*content["tier"].values(), *content.get("add_on", {}).values()):
            table.pop("code", None)
        return content


class CatalogApply(CatalogDocument):
    """A catalogue to sell from, and why, for the audit log."""

    reason: str | None = Field(None, max_length=2000)

    @property
    def document(self) -> CatalogDocument:
        """Return the catalogue alone."""
        return CatalogDocument.model_construct(tier=self.tier, add_on=self.add_on)


class CatalogVersion(Contract):
    """One version of what an organization sells; 0 is before the first."""

    version: int
    applied_at: Moment | None = None
    applied_by: str | None = None
    reason: str | None = None


class CatalogVersionList(ListResponse):
    """What was applied, the newest first."""

    rows: list[CatalogVersion] = shown_as("versions", "rows")


class CatalogResponse(ResponseModel):
    """What is sold, tiers and add-ons under their codes, and since when; `currencies` are those of all tiers."""

    version: int
    applied_at: Moment | None
    applied_by: str | None
    reason: str | None
    tier: dict[str, Tier]
    add_on: dict[str, AddOn]
    currencies: tuple[str, ...]

    @classmethod
    def of_version(cls, version: CatalogVersion, document: CatalogDocument) -> Self:
        """Return one version as it is shown."""
        tiers, add_ons = dict(document.catalog().tiers), dict(document.catalog().add_ons)
        currencies = sorted({currency for tier in tiers.values() for currency in tier.prices})
        return cls(**version.model_dump(), tier=tiers, add_on=add_ons, currencies=tuple(currencies))


def example_text(name: str) -> str:
    """Return the file of an example."""
    return files("billflow").joinpath("catalogs", f"{name}.toml").read_text(encoding="utf-8")


def catalog_document(data: Mapping[str, Any]) -> CatalogDocument:
    """Read a catalogue; raises `InvalidInput`, one sentence with place and way out."""
    try:
        return CatalogDocument.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        raise first_fault(error) from None


def document_from_toml(text: str) -> CatalogDocument:
    """Read a catalogue from a file's text; raises `InvalidInput`, one sentence with place and way out."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The catalogue is no TOML: {error}.", code="invalid_catalog", field="catalog") from None
    return catalog_document(data)


def document_from_json(text: str) -> CatalogDocument:
    """Read a catalogue as `billflow catalog show --json` prints it; raises `InvalidInput` as for TOML."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"The catalogue is no JSON: {error}.", code="invalid_catalog", field="catalog") from None
    if isinstance(data, dict):
        shown = CatalogResponse.model_fields.keys() - {"tier", "add_on"}
        data = {name: value for name, value in data.items() if name not in shown}
    return catalog_document(data)


def read_document(file: Path) -> CatalogDocument:
    """Read a file in TOML, or in JSON where its name ends in .json; raises `InvalidInput` as for TOML."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}.", field="file") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is no text in UTF-8: {error}.", field="file") from None
    return document_from_json(text) if file.suffix == ".json" else document_from_toml(text)


def catalog_from_toml(text: str) -> Catalog:
    """Read what is sold from a file's text; raises `InvalidInput`, one sentence with place and way out."""
    return document_from_toml(text).checked()


def first_fault(error: ValidationError) -> InvalidInput:
    """Return what is wrong first with a file: one sentence with place and way out."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "[key]")
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, BillingError):
        place = f"{place}.{cause.field}" if cause.field else place
        return InvalidInput(f"{place}: {cause.message}", code="invalid_catalog", field=place)
    if first["type"] == "enum":
        return _fault(place, f"is {first['input']!r}; it may be {first['ctx']['expected']}")
    return _fault(place, _SAID.get(first["type"], "has another form; see docs/catalog.md"))


def _fault(place: str, sentence: str) -> InvalidInput:
    return InvalidInput(f"{place} {sentence}.", code="invalid_catalog", field=place)
