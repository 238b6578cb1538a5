"""The file that says which tier each price of Stripe's is here, and by which code each coupon goes."""

from pathlib import Path
from typing import Any

from pydantic import Field

from billflow.domain.errors import InvalidInput
from billflow.domain.plan import LicenseManagement
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.files import FileFormat


class PriceMapping(RequestModel):
    """The tier that a price is, and who counts its licenses."""

    tier: str
    license_management: LicenseManagement | None = None


class PriceMap(RequestModel):
    """Tiers by price id, lookup key or product id, and codes by coupon id.

    Licenses are counted by hand, as Stripe's quantities are, where nothing else is said.
    """

    license_management: LicenseManagement = LicenseManagement.MANUAL
    prices: dict[str, PriceMapping] = Field(default_factory=dict)
    products: dict[str, PriceMapping] = Field(default_factory=dict)
    coupons: dict[str, str] = Field(default_factory=dict)

    def of(self, price: dict[str, Any]) -> PriceMapping | None:
        """Return what a price is mapped to, None where nothing is said of it."""
        names = (price["id"], price.get("lookup_key") or "")
        return next((self.prices[name] for name in names if name in self.prices), self.products.get(price["product"]))


PRICE_MAP_FILE = FileFormat(
    PriceMap, noun="price map", field="map", refusal=InvalidInput, page="importing.md", shown=frozenset()
)


def read_price_map(file: Path | None) -> PriceMap:
    """Return what a file maps, nothing without one; raises `InvalidInput`."""
    return PRICE_MAP_FILE.read(file) if file else PriceMap()
