"""How fast invoices get to Stripe within its limits: `python bench/stripe.py [--invoices N]`.

The whole way at the rate of the product: workflows put each invoice on the queue `billflow-stripe`, the Temporal server
hands them out at `FIRST_RATES` for real money, the product's worker runs its activity, and that asks Stripe through the
gateway. Only the records are kept in memory. The emulator, in a process of its own, answers after 250 ms and enforces
Stripe's live limits, 100 requests a second and 25 per operation. An invoice takes four of them: create, add lines,
finalize, pay.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import uuid4

import httpx
from ending import run
from temporalio.client import Client
from temporalio.worker import Worker

from billflow.activities.collection import CollectionActivities
from billflow.dev.folder import claimed
from billflow.dev.stripe import EmulatorOptions, embedded_stripe
from billflow.dev.temporal import embedded_temporal
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.access import Mode
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceLine,
    InvoiceRef,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
    Paid,
)
from billflow.payments.client import stripe_client
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports.invoices import InvoiceRepository
from billflow.telemetry.logging import configure_logging
from billflow.temporal import search_attributes
from billflow.temporal.client import connect
from billflow.temporal.queue_rates import ensure_rates
from billflow.temporal.queues import BILLFLOW, STRIPE
from billflow.wiring.workers import FIRST_RATES, stripe_worker

# At the end: this folder has a module with the name of Stripe's own package.
sys.path.append(str(Path(__file__).parent))
from sending_workflow import SendingBench

API_KEY = "sk_test_bench"
LATENCY = {"fault": "latency", "ms": 250}
ALLOWED = 100.0
SHARE_WANTED, REFUSED_WANTED = 0.9, 0.01
TOO_MANY = 429
CUSTOMERS = 20
PLANS = 50
"""Workflows that send; each has its invoices under way at the same time."""


@dataclass
class MemoryInvoices:
    """What the activity wants of invoices, without a database; `begun` is when the first invoice was handed out."""

    invoices: dict[str, InvoiceToCollect]
    begun: float = 0.0

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        """Return an invoice as it stands."""
        self.begun = self.begun or time.monotonic()
        return self.invoices[ref.invoice_id]

    async def record_issued(self, ref: InvoiceRef, issued: Issued) -> InvoiceStatus:
        """Remember that Stripe holds it."""
        held = {"stripe_invoice_id": issued.stripe_invoice_id, "status": issued.status}
        self.invoices[ref.invoice_id] = self.invoices[ref.invoice_id].model_copy(update=held)
        return issued.status

    async def status(self, ref: InvoiceRef) -> InvoiceStatus:
        """Return how it stands."""
        return self.invoices[ref.invoice_id].status

    async def record_outcome(
        self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime, issued: Issued | None = None
    ) -> None:
        """Remember that Stripe holds it, and that it is paid."""
        if issued is not None:
            await self.record_issued(ref, issued)
        if isinstance(outcome, Paid):
            paid = self.invoices[ref.invoice_id].model_copy(update={"status": InvoiceStatus.PAID})
            self.invoices[ref.invoice_id] = paid


def invoice_of(customer: BilledCustomer) -> InvoiceToCollect:
    """Return a new invoice of one line."""
    now = datetime.now(UTC)
    line = InvoiceLine(
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


async def sent(temporal: Client, repository: MemoryInvoices) -> float:
    """Let workflows send the invoices, and return the seconds from the first handed out until the last was paid."""
    invoices = list(repository.invoices.values())
    asks = [one.as_of(one.issued_at) for one in invoices]
    runs = [
        temporal.execute_workflow(SendingBench.run, asks[n::PLANS], id=f"bench/{n}", task_queue=BILLFLOW)
        for n in range(PLANS)
    ]
    paid = sum(await asyncio.gather(*runs))
    if paid != len(invoices):
        raise SystemExit(f"only {paid} of {len(invoices)} invoices were paid")
    return time.monotonic() - repository.begun


async def measure(count: int, rate: float) -> tuple[float, Counter[int]]:
    """Send the invoices, and return the seconds it took and how often each status was answered."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name, claimed(Path(name)) as lock:
        async with (
            embedded_temporal(Path(name), lock, keep=False, ui_port=None) as server,
            embedded_stripe(Path(name), lock, EmulatorOptions(keep=False)) as emulator,
            stripe_client(API_KEY, emulator.api_base) as client,
            httpx.AsyncClient(base_url=f"{emulator.api_base}/_sim", trust_env=False) as control,
        ):
            temporal = await connect(server.address)
            await search_attributes.ensure(temporal)
            await ensure_rates(temporal, {STRIPE: rate})
            gateway = StripeGateway(client)
            payers = await customers(gateway, Sandbox(client, API_KEY))
            invoices = [invoice_of(payers[n % CUSTOMERS]) for n in range(count)]
            repository = MemoryInvoices({one.invoice_id: one for one in invoices})
            before = len((await control.get("/requests")).json()["data"])
            await control.post("/settings", json={"rate_limit": "live"})
            await control.post("/faults", json={"requests": [LATENCY]})
            activities = [CollectionActivities(cast("InvoiceRepository", repository), gateway).collect]
            async with (
                Worker(temporal, task_queue=BILLFLOW, workflows=[SendingBench]),
                stripe_worker(temporal, activities, None),
            ):
                took = await sent(temporal, repository)
            log = (await control.get("/requests")).json()["data"][before:]
    return took, Counter(entry["status"] for entry in log)


def main() -> None:
    """Print the figures; the exit code is 1 where they miss their targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=1_000)
    parser.add_argument(
        "--rate", type=float, default=FIRST_RATES[Mode.LIVE], help="of the queue (%(default)s a second)"
    )
    asked = parser.parse_args()
    configure_logging("json", "error")
    took, answers = run(measure(asked.invoices, asked.rate))
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
