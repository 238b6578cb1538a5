"""Reading an account at Stripe page by page into a folder, so that a reading that broke off goes on."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import stripe

from billflow.payments.calls import ask, ask_all, ask_if_there
from billflow.payments.errors import port_faults

PAGE = 100
STATE = "read.json"
"""How far a folder is: the last id of each kind, and which kinds are complete."""

Progress = Callable[[str, int], None]
"""Told which kind is being read, and how many of it there are so far."""


Completed = Callable[[stripe.StripeClient, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Reads what a listed object does not show of itself."""


@dataclass(frozen=True)
class StripeReader:
    """Reads products, prices, coupons, customers, subscriptions, schedules and invoices of one account.

    Stripe lists what is on one of its test clocks only where the clock is named.
    """

    client: stripe.StripeClient
    folder: Path
    test_clock: str | None = None

    async def read(self, progress: Progress) -> None:
        """Read what is missing in the folder; what is there stays. Raises what Stripe's client raises."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        v1 = self.client.v1
        plain: dict[str, Any] = {
            "products": v1.products.list_async,
            "prices": v1.prices.list_async,
            "coupons": v1.coupons.list_async,
            "subscription_schedules": v1.subscription_schedules.list_async,
            "invoices": v1.invoices.list_async,
        }
        for kind, listing in plain.items():
            await self._all(kind, listing, {}, progress)
        clock = {"test_clock": self.test_clock} if self.test_clock else {}
        await self._all("customers", v1.customers.list_async, {"expand": ["data.tax_ids"], **clock}, progress)
        expanded = {"status": "all", "expand": ["data.discounts"], **clock}
        await self._all("subscriptions", v1.subscriptions.list_async, expanded, progress)
        await self._balances(progress)

    async def read_invoices(self, since: datetime | None, progress: Progress) -> None:
        """Read the invoices made since a moment that are missing in the folder, each with all its lines."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {"created": {"gte": int(since.timestamp())}} if since else {}
        await self._all("invoices", self.client.v1.invoices.list_async, made, progress, whole)

    async def _all(
        self, kind: str, listing: Any, params: dict[str, Any], progress: Progress, completed: Completed | None = None
    ) -> None:
        state = self._state()
        after, count = state.get(kind), len(_lines(self.folder / f"{kind}.jsonl"))
        while f"{kind}/done" not in state:
            cursor = {"starting_after": after} if after else {}
            page = await ask(f"{kind}.list", listing({"limit": PAGE, **params, **cursor}))
            found = [one.to_dict() for one in page.data]
            if completed:
                found = [await completed(self.client, one) for one in found]
            self._append(kind, found)
            count += len(found)
            after = found[-1]["id"] if found else after
            state |= {kind: after} if after else {}
            if not page.has_more:
                state[f"{kind}/done"] = "yes"
            self._keep(state)
            progress(kind, count)

    async def _balances(self, progress: Progress) -> None:
        """Read the newest entry of each customer's balance that is not 0."""
        state = self._state()
        if "balances/done" in state:
            return
        known = {one["customer"] for one in map(json.loads, _lines(self.folder / "balances.jsonl"))}
        owing = [one for one in map(json.loads, _lines(self.folder / "customers.jsonl")) if one.get("balance")]
        for count, customer in enumerate(owing, 1):
            if customer["id"] not in known:
                listing = self.client.v1.customers.balance_transactions.list_async
                page = await ask("balance_transactions.list", listing(customer["id"], {"limit": 1}))
                self._append("balances", [one.to_dict() for one in page.data])
            progress("balances", count)
        self._keep(state | {"balances/done": "yes"})

    def _append(self, kind: str, found: list[dict[str, Any]]) -> None:
        with (self.folder / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(one, ensure_ascii=False, default=str) + "\n" for one in found)

    def _state(self) -> dict[str, str]:
        file = self.folder / STATE
        state: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return state

    def _keep(self, state: dict[str, str]) -> None:
        written = self.folder / f"{STATE}.new"
        written.write_text(json.dumps(state), encoding="utf-8")
        written.replace(self.folder / STATE)


@dataclass(frozen=True)
class IssuedInvoiceReader:
    """Reads invoices that another system made at Stripe."""

    client: stripe.StripeClient

    async def read(self, stripe_invoice_id: str) -> dict[str, Any] | None:
        """Return an invoice with all its lines, None where Stripe has none of that id; raises the port's faults."""
        with port_faults():
            retrieving = self.client.v1.invoices.retrieve_async(stripe_invoice_id)
            invoice = await ask_if_there("invoice.retrieve", retrieving)
            return None if invoice is None else await whole(self.client, invoice.to_dict())


async def whole(client: stripe.StripeClient, invoice: dict[str, Any]) -> dict[str, Any]:
    """Return an invoice with all its lines, of which Stripe shows the first ten with it."""
    if invoice["lines"]["has_more"]:
        params: stripe.params.InvoiceLineItemListParams = {"limit": PAGE}
        lines = await ask_all("invoice_line.list", client.v1.invoices.line_items.list_async(invoice["id"], params))
        invoice["lines"] = {"data": [line.to_dict() for line in lines], "has_more": False}
    return invoice


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line] if file.exists() else []
