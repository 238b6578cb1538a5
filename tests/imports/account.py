"""An account at Stripe with customers to import: subscriptions, coupons, schedules, balances and what is refused."""

from dataclasses import dataclass, field
from typing import Any

import stripe

from tests.stripe_emulator.flows import customer_with


@dataclass
class Account:
    """What was made, by name."""

    client: stripe.StripeClient
    clock: str
    customers: dict[str, str] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)

    def price(self, name: str, amount: int, interval: str, **more: Any) -> str:
        """Make a price of a product of its own."""
        params: Any = {"currency": "usd", "unit_amount": amount, "product_data": {"name": name}}
        params["recurring"] = {"interval": interval, **more}
        self.prices[name] = self.client.v1.prices.create(params).id
        return self.prices[name]

    def subscribe(self, name: str, price: str, quantity: int = 3, *, customer: Any = None, **terms: Any) -> str:
        """Subscribe a new customer of that name."""
        known = {"email": f"{name}@old.example", "name": name.title(), **(customer or {})}
        made = customer_with(self.client, test_clock=self.clock, **known)
        self.customers[name] = made.id
        items = terms.pop("items", [{"price": self.prices[price], "quantity": quantity}])
        params: Any = {"customer": made.id, "items": items, **terms}
        return self.client.v1.subscriptions.create(params).id


def an_account(client: stripe.StripeClient, now: int) -> Account:
    """Make an account whose customers can all be imported."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": now})
    account = Account(client, clock.id)
    account.price("monthly", 700, "month")
    account.price("annual", 7000, "year")
    coupon: Any = {
        "percent_off": 50,
        "duration": "repeating",
        "duration_in_months": 3,
        "id": "HALF",
        "name": "Half off",
    }
    client.v1.coupons.create(coupon)
    address = {"line1": "Hafenstr. 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}
    account.subscribe("plain", "monthly", 4, customer={"address": address, "metadata": {"crm": "7"}})
    account.subscribe("half", "monthly", 3, discounts=[{"coupon": "HALF"}])
    account.subscribe("yearly", "annual", 10, collection_method="send_invoice", days_until_due=30)
    account.subscribe("leaving", "monthly", 2, cancel_at_period_end=True)
    account.subscribe("trying", "monthly", 5, trial_period_days=20)
    growing = account.subscribe("growing", "monthly", 6)
    schedule = client.v1.subscription_schedules.create({"from_subscription": growing})
    phase = schedule.phases[0]
    bounds = {"start_date": phase.start_date, "end_date": phase.end_date}
    now_: Any = {"items": [{"price": account.prices["monthly"], "quantity": 6}], **bounds}
    then: Any = {"items": [{"price": account.prices["annual"], "quantity": 6}]}
    client.v1.subscription_schedules.update(schedule.id, {"phases": [now_, then]})
    client.v1.customers.update(account.customers["plain"], {"balance": -1000})
    return account
