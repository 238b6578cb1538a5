"""An account at Stripe as it was lived in for years: customers, their subscriptions, and what people do by hand."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from billflow.demo.migration.old_plans import COUPONS, PRICES, PRODUCTS, OldPlan, OldPrice
from billflow.payments.sandbox import GOOD_CARD

PAGE = 100
LONGEST_MOVE = timedelta(days=58)
"""How far a test clock is moved at once: Stripe allows two periods of the shortest subscription."""

_LOOK = 0.02


@dataclass
class OldAccount:
    """The account by Stripe's own client, on one of its test clocks, with the ids of what was made."""

    client: stripe.StripeClient
    clock: str
    now: datetime
    prices: dict[str, str]
    customers: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, str] = field(default_factory=dict)

    async def advance(self, to: datetime) -> None:
        """Let the time pass: everything due on the way is billed and collected."""
        clocks = self.client.v1.test_helpers.test_clocks
        while self.now < to:
            self.now = min(to, self.now + LONGEST_MOVE)
            moving = await clocks.advance_async(self.clock, {"frozen_time": seconds(self.now)})
            while moving.status != "ready":
                await asyncio.sleep(_LOOK)
                moving = await clocks.retrieve_async(self.clock)

    async def begin(self, plan: OldPlan, licenses: int) -> None:
        """Let an organization subscribe."""
        v1, name = self.client.v1, plan.organization
        made = await v1.customers.create_async(
            {"name": name, "email": f"billing@{name}.example", "test_clock": self.clock}
        )
        card = await v1.payment_methods.attach_async(GOOD_CARD, {"customer": made.id})
        await v1.customers.update_async(made.id, {"invoice_settings": {"default_payment_method": card.id}})
        self.customers[name] = made.id
        wanted: Any = {"customer": made.id, "items": [{"price": self.prices[plan.price], "quantity": licenses}]}
        wanted |= {"discounts": [{"coupon": plan.coupon}]} if plan.coupon else {}
        wanted |= {"trial_period_days": plan.trial_days} if plan.trial_days else {}
        wanted |= {"collection_method": "send_invoice", "days_until_due": 30} if plan.by_invoice else {}
        self.subscriptions[name] = (await v1.subscriptions.create_async(wanted)).id

    async def count(self, plan: OldPlan, licenses: int) -> bool:
        """Set the quantity to the seats there are; False where it was so before."""
        item = await self._item(plan.organization)
        if item["quantity"] == licenses:
            return False
        await self.client.v1.subscription_items.update_async(item["id"], {"quantity": licenses})
        return True

    async def set_price(self, organization: str, price: OldPrice) -> None:
        """Change a subscription's price by hand, from its next period on."""
        item, made = await self._item(organization), await _price(self.client, price)
        items = self.client.v1.subscription_items
        await items.update_async(item["id"], {"price": made, "proration_behavior": "none"})

    async def schedule(self, organization: str, price: str) -> None:
        """Let a subscription go on at another price at the end of its period."""
        schedules = self.client.v1.subscription_schedules
        made = await schedules.create_async({"from_subscription": self.subscriptions[organization]})
        running, quantity = made.phases[0], (await self._item(organization))["quantity"]
        bounds = {"start_date": running.start_date, "end_date": running.end_date}
        phases: Any = [
            {"items": [{"price": running.items[0].price, "quantity": quantity}], **bounds},
            {"items": [{"price": self.prices[price], "quantity": quantity}]},
        ]
        await schedules.update_async(made.id, {"phases": phases, "end_behavior": "release"})

    async def release(self, organization: str) -> None:
        """Let a subscription go on without the schedule that it has followed."""
        held = await self.client.v1.subscriptions.retrieve_async(self.subscriptions[organization])
        await self.client.v1.subscription_schedules.release_async(str(held.schedule))

    async def status(self, organization: str) -> str:
        """Return how a subscription stands."""
        return (await self.client.v1.subscriptions.retrieve_async(self.subscriptions[organization])).status

    async def transfer(self, organization: str) -> int:
        """Let a transfer pay the open invoices of an organization; return how many there were."""
        invoices = self.client.v1.invoices
        asked: Any = {"customer": self.customers[organization], "status": "open"}
        found = (await invoices.list_async(asked)).data
        for invoice in found:
            await invoices.pay_async(invoice.id, {"paid_out_of_band": True})
        return len(found)

    async def invoices(self, organization: str) -> list[stripe.Invoice]:
        """Return the invoices of an organization's subscription, the oldest first, each with all its lines."""
        asked: Any = {"subscription": self.subscriptions[organization], "limit": PAGE}
        page = await self.client.v1.invoices.list_async(asked)
        return [invoice async for invoice in page.auto_paging_iter()][::-1]

    async def _item(self, organization: str) -> Any:
        held = await self.client.v1.subscriptions.retrieve_async(self.subscriptions[organization])
        return held["items"]["data"][0]


async def open_account(client: stripe.StripeClient, begin: datetime) -> OldAccount:
    """Make an account with its products, prices and coupons, on a test clock that stands at *begin*."""
    v1 = client.v1
    clock = await v1.test_helpers.test_clocks.create_async({"frozen_time": seconds(begin), "name": "the old system"})
    for code, name in PRODUCTS.items():
        await v1.products.create_async({"id": code, "name": name})
    for code, coupon in COUPONS.items():
        lasts = {"duration": "repeating", "duration_in_months": coupon.months} if coupon.months else {}
        asked: Any = {"id": code, "name": code.title(), "percent_off": coupon.percent, "duration": "forever", **lasts}
        await v1.coupons.create_async(asked)
    return OldAccount(client, clock.id, begin, {name: await _price(client, price) for name, price in PRICES.items()})


async def _price(client: stripe.StripeClient, price: OldPrice) -> str:
    asked: Any = {"product": price.product, "unit_amount": price.amount, "currency": price.currency}
    asked |= {"recurring": price.recurring}
    return (await client.v1.prices.create_async(asked)).id


def seconds(at: datetime) -> int:
    """Return a moment as Stripe says it."""
    return int(at.timestamp())


def moment(at: int) -> datetime:
    """Return a moment of Stripe's."""
    return datetime.fromtimestamp(at, UTC)
