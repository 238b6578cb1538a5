"""What is sold."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter
from pydantic import BeforeValidator, Field

from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.domain.catalog import Hosting, TrialWithoutCard
from billflow.domain.plan import Schedule
from billflow.models.contracts.responses import ResponseModel

router = APIRouter(prefix="/catalog", tags=["catalog"], route_class=CheckedRoute)


class TierPrice(ResponseModel):
    """What one license costs for one cycle, in minor units of `currency`."""

    currency: str = Field(examples=["USD"])
    schedule: Schedule
    amount: int = Field(examples=[800])


def _prices(prices: Mapping[str, Mapping[Schedule, int]]) -> list[TierPrice]:
    return [
        TierPrice(currency=currency, schedule=schedule, amount=amount)
        for currency, by_schedule in prices.items()
        for schedule, amount in by_schedule.items()
    ]


class TierResponse(ResponseModel):
    """One tier; without prices it can only be had by an offer."""

    code: str = Field(examples=["cloud_standard"])
    name: str = Field(examples=["Cloud Standard"])
    hosting: Hosting
    minimum_licenses: int
    billable: bool
    trial: bool
    trial_without_card: TrialWithoutCard
    upgrades_to: list[str]
    features: list[str]
    prices: Annotated[list[TierPrice], BeforeValidator(_prices)]


class CatalogResponse(ResponseModel):
    """Every tier, and the currencies that any of them is sold in."""

    tiers: list[TierResponse]
    currencies: list[str]


@router.get("")
async def show_catalog(services: ServicesHere) -> CatalogResponse:
    """List what is sold: tiers, prices, currencies and minimum licenses."""
    tiers = list(map(TierResponse.of, services.catalog.tiers.values()))
    return CatalogResponse(tiers=tiers, currencies=sorted({price.currency for tier in tiers for price in tier.prices}))
