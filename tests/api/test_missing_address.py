"""What can't be taxed for want of an address or a rate: a purchase is refused, a renewal waits for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from billflow.console.sentences import attention_of
from tests.api.shop import BUSINESS, TEAM, Shop, opened
from tests.api.test_seller import SELLER
from tests.api.test_stripe_tax import paid
from tests.api.test_tax import RATES, found, invoices_of
from tests.api_environment import ApiEnvironment, until
from tests.sizes import further

BY_STRIPE = {"mode": "stripe"}
UNKNOWN_TO_STRIPE = {"country": "US", "postal_code": "00000"}


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization in Germany that sells two tiers."""
    async with opened(env) as shop:
        await shop.sells(team=TEAM | {"upgrades_to": ["business"]}, business=BUSINESS)
        await shop.asked("PUT", "/seller", **SELLER)
        yield shop


async def refusal(shop: Shop, path: str, **asked: object) -> tuple[int, str, str]:
    """Return how something is refused: status, code and field."""
    answer = await shop.api.post(f"/api/v1{path}", json=asked)
    told = answer.json()
    return answer.status_code, told["code"], told["errors"][0]["field"]


def until_invoiced(shop: Shop, plan: dict[str, Any], count: int) -> Any:
    """Wait until a plan has so many invoices."""

    async def is_invoiced() -> bool:
        return len(await invoices_of(shop, plan)) == count

    return until(is_invoiced)


@pytest.mark.parametrize(
    ("tax", "address", "field"),
    [(RATES, {}, "country"), *further((BY_STRIPE, {"country": "US"}, "postal_code"))],
    ids=["own rates", "Stripe Tax"],
)
async def test_what_collects_at_once_is_refused_with_the_field_that_is_missing(
    shop: Shop, tax: dict[str, Any], address: dict[str, str], field: str
) -> None:
    buyer, clock = await shop.customer(4, 0)
    plan = await shop.plan(buyer, clock, license_management="manual", licenses=4)
    await shop.asked("PUT", "/tax", **tax)
    other, other_clock = await shop.customer(4, 0)
    for customer_id in (buyer, other) if address else ():
        await shop.asked("PATCH", f"/customers/{customer_id}", billing_address=address)
    expected = (409, "tax_address_missing", f"billing_address.{field}")

    bought = {"customer_id": other, "test_clock_id": other_clock, "tier": "team", "schedule": "quarterly"}
    assert await refusal(shop, "/plans", **bought) == expected
    commands = f"/plans/{plan['id']}/commands"
    assert await refusal(shop, commands, type="upgrade_tier_now", tier="business") == expected
    item = {"description": "Training", "unit_amount": 12_000, "own_invoice": True}
    assert await refusal(shop, commands, type="add_item", **item) == expected
    assert len(await invoices_of(shop, plan)) == 1
    assert (await shop.asked("GET", f"/plans/{plan['id']}"))["tier"] == "team"


@pytest.mark.parametrize("tax", [RATES, *further(BY_STRIPE)], ids=["own rates", "Stripe Tax"])
async def test_a_renewal_waits_for_the_address_and_goes_on_by_itself_once_it_is_there(
    shop: Shop, tax: dict[str, Any]
) -> None:
    customer_id, clock_id = await shop.customer(4, 0)
    plan = await shop.plan(customer_id, clock_id)
    await shop.asked("PUT", "/tax", **tax)
    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-04-15T10:00:00Z")
    on_hold = await shop.asked("GET", f"/plans/{plan['id']}")
    assert (on_hold["attention"]["code"], len(await invoices_of(shop, plan))) == ("tax_address_missing", 1)

    company = {"legal_name": "Muster GmbH", "address": {"country": "DE"}}
    await shop.asked("PUT", f"/customers/{customer_id}/settings", company=company)
    await until_invoiced(shop, plan, 2)
    renewal = await paid(shop, (await invoices_of(shop, plan))[0])
    assert (renewal["total"], renewal["issued_at"][:10]) == (11_900, "2026-04-15")
    assert (await shop.asked("GET", f"/plans/{plan['id']}"))["attention"] is None


@pytest.mark.full
async def test_a_renewal_goes_on_by_itself_once_its_rate_is_applied(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", **RATES)
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "DE"})
    plan = await shop.plan(customer_id, clock_id)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "IT"})
    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-04-15T10:00:00Z")
    on_hold = await shop.asked("GET", f"/plans/{plan['id']}")
    assert (on_hold["attention"]["code"], len(await invoices_of(shop, plan))) == ("no_tax_rate", 1)

    italian = {"country": "IT", "name": "IVA", "percent": "22"}
    await shop.asked("PUT", "/tax", **RATES | {"rates": [*RATES["rates"], italian]})
    await until_invoiced(shop, plan, 2)
    assert (await invoices_of(shop, plan))[0]["total"] == 12_200


@pytest.mark.full
async def test_a_renewal_goes_on_by_itself_once_its_seller_is_elsewhere(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", **RATES)
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "DE"})
    plan = await shop.plan(customer_id, clock_id)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "IT"})
    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-04-15T10:00:00Z")
    on_hold = await shop.asked("GET", f"/plans/{plan['id']}")
    assert (on_hold["attention"]["code"], len(await invoices_of(shop, plan))) == ("no_tax_rate", 1)

    italian = {"street": "Via Roma 1", "postal_code": "00184", "city": "Roma", "country": "IT"}
    refused = await shop.api.put("/api/v1/seller", json={"legal_name": "Muster S.r.l.", "address": italian})
    told = refused.json()
    assert (told["code"], told["errors"][0]["field"]) == ("no_tax_rate", "address.country")

    swiss = {"street": "Bahnhofstr. 1", "postal_code": "8001", "city": "Zürich", "country": "CH"}
    applied = await shop.asked("PUT", "/seller", legal_name="Muster AG", address=swiss)
    await until_invoiced(shop, plan, 2)
    assert (await invoices_of(shop, plan))[0]["total"] == 10_000
    assert (await shop.asked("GET", f"/plans/{plan['id']}"))["attention"] is None
    events = (await shop.asked("GET", "/events?type=seller.applied"))["events"]
    assert [event["data"] for event in events] == [{"version": applied["version"]}, {"version": 1}]


async def test_a_purchase_whose_address_stripe_does_not_know_is_declined(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", **BY_STRIPE)
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address=UNKNOWN_TO_STRIPE)
    asked = {"customer_id": customer_id, "test_clock_id": clock_id, "tier": "team", "schedule": "quarterly"}
    started = await shop.asked("POST", "/plans", **asked)
    outcome = started["outcome"]
    assert (outcome["kind"], outcome["code"]) == ("declined", "tax_address_missing")
    assert "billing_address" in outcome["message"]
    plan = started["plan"]

    async def is_over() -> bool:
        shown, [invoice] = await shop.asked("GET", f"/plans/{plan['id']}"), await invoices_of(shop, plan)
        return (shown["status"], invoice["status"]) == ("ended", "void")

    await until(is_over)


@pytest.mark.full
async def test_a_renewal_whose_address_stripe_does_not_know_needs_attention_until_the_address_changes(
    shop: Shop,
) -> None:
    await shop.asked("PUT", "/tax", **BY_STRIPE)
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "DE"})
    plan = await shop.plan(customer_id, clock_id)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address=UNKNOWN_TO_STRIPE)
    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-04-15T10:00:00Z")

    async def needs_attention() -> bool:
        newest = (await invoices_of(shop, plan))[0]
        return bool((await shop.asked("GET", f"/invoices/{newest['id']}"))["attention"])

    await until(needs_attention)
    renewal = await shop.asked("GET", f"/invoices/{(await invoices_of(shop, plan))[0]['id']}")
    assert (renewal["attention"], renewal["status"]) == ("rejected: tax_address_missing", "draft")
    queries, org_id = shop.env.engine.queries, shop.env.org_id
    customer = await queries.customers.get(org_id, customer_id)
    told = attention_of(customer, [], [await queries.invoices.get(org_id, renewal["id"])], datetime.now(UTC))
    assert "complete its billing address" in told[0]
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "FR"})
    done = await paid(shop, renewal)
    assert (done["total"], done["attention"], done["issued_at"][:10]) == (12_000, None, "2026-04-15")
    assert await found(shop) == ()
