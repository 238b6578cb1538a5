"""Customers that owe, how each of them pays, and what must have become of their debts."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, replace
from enum import StrEnum

import psycopg
import stripe

from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.environment import MANUAL, Environment

AT_ONCE = 8
"""Customers that are made at a time."""

CROWD = 80
"""Customers that buy at a time, each of which waits for its card: four times as many as there are connections."""

LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.25, 2.0
MAX_LICENSES = 40
BY_INVOICE = replace(MANUAL, collection_method=CollectionMethod.SEND_INVOICE)


class Payer(StrEnum):
    """How a customer behaves."""

    PAYS = "by card"
    IS_DECLINED = "by a card that is declined"
    PAYS_LATER = "on the hosted page"
    LOSES = "not at all"


EXPECTED = {
    Payer.PAYS: InvoiceStatus.PAID,
    Payer.IS_DECLINED: InvoiceStatus.VOID,
    Payer.PAYS_LATER: InvoiceStatus.PAID,
    Payer.LOSES: InvoiceStatus.OPEN,
}
CARDS = {Payer.PAYS: GOOD_CARD, Payer.IS_DECLINED: DECLINING_CARD}


@dataclass(frozen=True)
class Debtor:
    """One customer with one debt, as the seed made it."""

    payer: Payer
    licenses: int
    customer: CustomerRecord


async def debtors(env: Environment, seed: int, count: int) -> list[Debtor]:
    """Create customers while Stripe is well; those without a card are made at Stripe when they are billed."""
    chosen, gate = random.Random(seed), asyncio.Semaphore(AT_ONCE)
    lots = [(chosen.choices([*Payer], weights=(6, 2, 2, 1))[0], chosen.randint(10, MAX_LICENSES)) for _ in range(count)]

    async def one(payer: Payer, licenses: int) -> Debtor:
        async with gate:
            return Debtor(payer, licenses, await env.subscriber(card=CARDS.get(payer)))

    return list(await asyncio.gather(*(one(*lot) for lot in lots)))


async def all_run_up(env: Environment, owing: list[Debtor]) -> None:
    """Let them all buy, as many at a time as come through the door."""
    door = asyncio.Semaphore(CROWD)

    async def one(debtor: Debtor) -> None:
        async with door:
            await run_up(env, debtor)

    async with asyncio.TaskGroup() as buying:
        for debtor in owing:
            buying.create_task(one(debtor))


async def run_up(env: Environment, debtor: Debtor) -> None:
    """Buy a plan, and pay as this customer pays."""
    asked = replace(MANUAL if debtor.payer in CARDS else BY_INVOICE, licenses=debtor.licenses)
    await env.buy(debtor.customer, asked)
    if debtor.payer is Payer.PAYS_LATER:
        await _pay_on_hosted_page(env, debtor.customer)


async def _pay_on_hosted_page(env: Environment, customer: CustomerRecord) -> None:
    """Pay as soon as there is something to pay; a person tries again until it says that it is paid."""
    status: str | None = None
    pause = LOOK_SECONDS
    while status != "paid":
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_LOOK_SECONDS)
        with contextlib.suppress(stripe.StripeError):
            for held in await env.at_stripe(customer):
                if held.status == "open":
                    await env.engine.stripe.v1.invoices.pay_async(held.id, {"paid_out_of_band": True})
                status = held.status


async def unsent(env: Environment) -> int:
    """Return how many debts have not got to Stripe, as far as our rows know."""
    query = "SELECT count(*) FROM invoice WHERE org_id = %s AND status = 'draft'"
    async with await psycopg.AsyncConnection.connect(env.database_url) as connection:
        row = await (await connection.execute(query, (env.org_id,))).fetchone()
    return int(row[0]) if row else 0
