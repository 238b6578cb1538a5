"""What an organization sells, as it is written: TOML in files, the same as JSON over HTTP."""

from dataclasses import replace
from functools import partial
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Self

from pydantic import ConfigDict, Field

from billflow.domain.catalog import Catalog, Tier
from billflow.domain.catalog_check import check_catalog
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.files import FileFormat
from billflow.models.contracts.responses import ListResponse, ResponseModel, shown_as

PER_SEAT, CLOUD_AND_SELF_HOSTED = "per_seat", "cloud_and_self_hosted"
"""Examples of catalogues: a plain product by the seat, and one for cloud and self-hosted customers."""


class CatalogDocument(RequestModel):
    """A catalogue: a table for each tier, by its code."""

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

    def catalog(self, version: int = 0) -> Catalog:
        """Return it as it is sold from."""
        tiers = {code: replace(tier, code=code) for code, tier in self.tier.items()}
        return Catalog(MappingProxyType(tiers), version)

    def checked(self) -> Catalog:
        """Return it as it is sold from, once it is right; raises `InvalidInput`, which names tier and field."""
        for code, tier in self.tier.items():
            if tier.code not in ("", code):
                raise CATALOG_FILE.fault(
                    f"tier.{code}.code", f"is {tier.code!r}; leave it out, for the table has the code"
                )
        catalog = self.catalog()
        check_catalog(catalog)
        return catalog

    def content(self) -> dict[str, Any]:
        """Return it as JSON, without what is left at its default."""
        content: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        for table in content["tier"].values():
            table.pop("code", None)
        return content


class CatalogApply(CatalogDocument):
    """A catalogue to sell from, and why, for the audit log."""

    reason: str | None = Field(None, max_length=2000)

    @property
    def document(self) -> CatalogDocument:
        """Return the catalogue alone."""
        return CatalogDocument.model_construct(tier=self.tier)


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
    """What is sold, each tier under its code, and since when; `currencies` are all that any of them is sold in."""

    version: int
    applied_at: Moment | None
    applied_by: str | None
    reason: str | None
    tier: dict[str, Tier]
    currencies: tuple[str, ...]

    @classmethod
    def of_version(cls, version: CatalogVersion, document: CatalogDocument) -> Self:
        """Return one version as it is shown."""
        tiers = dict(document.catalog().tiers)
        currencies = sorted({currency for tier in tiers.values() for currency in tier.prices})
        return cls(**version.model_dump(), tier=tiers, currencies=tuple(currencies))


def example_text(name: str) -> str:
    """Return the file of an example."""
    return files("billflow").joinpath("catalogs", f"{name}.toml").read_text(encoding="utf-8")


CATALOG_FILE = FileFormat(
    CatalogDocument,
    noun="catalogue",
    field="catalog",
    refusal=partial(InvalidInput, code="invalid_catalog"),
    page="catalog.md",
    shown=frozenset(CatalogResponse.model_fields) - {"tier"},
)
"""How a catalogue is read."""


def catalog_from_toml(text: str) -> Catalog:
    """Read what is sold from a file's text; raises `InvalidInput`, one sentence with place and way out."""
    return CATALOG_FILE.from_toml(text).checked()
