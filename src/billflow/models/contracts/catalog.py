"""What an organization sells, as it is written: TOML in files, the same as JSON over HTTP."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from billflow.domain.catalog import AddOn, Catalog, Tier
from billflow.domain.catalog_check import check_catalog
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.files import FileFormat
from billflow.models.contracts.responses import ListResponse, ResponseModel, shown_as

PER_SEAT, CLOUD_AND_SELF_HOSTED = "per_seat", "cloud_and_self_hosted"
"""Examples of catalogues: a plain product by the seat, and one for cloud and self-hosted customers."""

VersionNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A version of a catalogue as somebody names it; PostgreSQL holds no larger number."""


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
                raise CATALOG_FILE.fault(
                    f"{table}.{code}.code", f"is {sold.code!r}; leave it out, for the table has the code"
                )
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


CATALOG_FILE = FileFormat(
    CatalogDocument,
    noun="catalogue",
    field="catalog",
    refusal=partial(InvalidInput, code="invalid_catalog"),
    page="catalog.md",
    shown=frozenset(CatalogResponse.model_fields) - {"tier", "add_on"},
)
"""How a catalogue is read."""


def catalog_from_toml(text: str) -> Catalog:
    """Read what is sold from a file's text; raises `InvalidInput`, one sentence with place and way out."""
    return CATALOG_FILE.from_toml(text).checked()
