"""How fast invoices get to Stripe within its limits: `python bench/stripe.py [--invoices N] [--rate A_SECOND]`.

The stand-in answers after 250 ms and enforces Stripe's live limits, 100 requests a second and 25 per operation. An
invoice takes four requests: create, add lines, finalize, pay. Invoices are begun at an even rate, as the server hands
them out of the queue `billflow-stripe`; what is refused with 429 is asked again with the same key.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import BilledCustomer, CollectionLine, InvoiceStatus, InvoiceToCollect, Paid
from billflow.payments.client import stripe_client
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports.billing import PaymentsUnavailable
from billflow.telemetry.logging import configure_logging
from stripe_stand_in.server import StandIn

API_KEY = "sk_test_bench"
LATENCY = {"fault": "latency", "ms": 250}
ALLOWED = 100.0
SHARE_WANTED, REFUSED_WANTED = 0.9, 0.01
TOO_MANY = 429
CUSTOMERS = 20


def invoice_of(customer: BilledCustomer) -> InvoiceToCollect:
    """Return a new invoice of one line."""
    now = datetime.now(UTC)
    line = CollectionLine(
        n=1,
        line_id=str(uuid4()),
        description="Cloud Standard",
        quantity=10,
        unit_amount=800,
        amount=8000,
        period_start=now,
        period_end=now,
    )
    return InvoiceToCollect(
        org_id=customer.org_id,
        invoice_id=str(uuid4()),
        plan_id=str(uuid4()),
        kind=InvoiceKind.RECURRING,
        customer=customer,
        status=InvoiceStatus.DRAFT,
        currency="USD",
        total=8000,
        lines=(line,),
        collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
        statement_descriptor="CLOUD",
        issued_at=now,
    )


async def send(gateway: StripeGateway, invoice: InvoiceToCollect) -> None:
    """Issue and collect one invoice, for as long as it takes."""
    while True:
        try:
            issued = await gateway.issue(invoice)
            sent = invoice.model_copy(update={"stripe_invoice_id": issued.stripe_invoice_id, "status": issued.status})
            if not isinstance(await gateway.collect(sent, 1), Paid):
                raise SystemExit("an invoice was not paid")
        except PaymentsUnavailable as fault:
            await asyncio.sleep(fault.retry_after or 1.0)
        else:
            return


async def customers(gateway: StripeGateway, sandbox: Sandbox) -> list[BilledCustomer]:
    """Create customers with cards."""
    made = []
    for number in range(CUSTOMERS):
        new = BilledCustomer(
            org_id=str(uuid4()), customer_id=str(uuid4()), name="Acme", email=f"{number}@acme.example", currency="USD"
        )
        held = await gateway.ensure_customer(new)
        await sandbox.give_card(held)
        made.append(new.model_copy(update={"stripe_customer_id": held}))
    return made


async def measure(invoices: int, rate: float) -> tuple[float, Counter[int]]:
    """Send the invoices, and return the seconds it took and how often each status was answered."""
    async with (
        StandIn(control=True) as stand_in,
        stripe_client(API_KEY, stand_in.url) as client,
        httpx.AsyncClient(base_url=f"{stand_in.url}/_sim", trust_env=False) as control,
    ):
        gateway = StripeGateway(client)
        payers = await customers(gateway, Sandbox(client, API_KEY))
        before = len((await control.get("/requests")).json()["data"])
        await control.post("/settings", json={"rate_limit": "live"})
        await control.post("/faults", json={"requests": [LATENCY]})
        begun, sending = time.monotonic(), []
        for number in range(invoices):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            sending.append(asyncio.create_task(send(gateway, invoice_of(payers[number % CUSTOMERS]))))
        await asyncio.gather(*sending)
        took = time.monotonic() - begun
        log = (await control.get("/requests")).json()["data"][before:]
    return took, Counter(entry["status"] for entry in log)


def main() -> None:
    """Print the figures; the exit code is 1 where they miss their targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=23.5)
    asked = parser.parse_args()
    configure_logging("json", "error")
    took, answers = asyncio.run(measure(asked.invoices, asked.rate))
    done = answers.total() - answers[TOO_MANY]
    share, refused = done / took / ALLOWED, answers[TOO_MANY] / answers.total()
    print(
        f"{asked.invoices} invoices in {took:.1f} s: {asked.invoices / took:.1f} a second, {answers.total()} requests"
    )
    print(f"{share:.1%} of the allowed rate (wanted: over {SHARE_WANTED:.0%})")
    print(f"{refused:.2%} answered 429 (wanted: under {REFUSED_WANTED:.0%})")
    sys.exit(share <= SHARE_WANTED or refused >= REFUSED_WANTED)


if __name__ == "__main__":
    main()
