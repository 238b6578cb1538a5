"""Random histories of an organization, step by step, and photographs of what the API answers after each."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from billflow.domain.adjustments import RefundMethod
from billflow.domain.commands import (
    AddItem,
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    EndNow,
    ExtendTrial,
    PlanCommand,
    RemoveEndDate,
    SetAddOn,
    SetEndDate,
    SwitchToAnnual,
    SwitchToMonthly,
    UpgradeTierNow,
)
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.adjustments import (
    AdjustmentRef,
    AdjustmentResult,
    AdjustmentStatus,
    CreditNoteInput,
    OutOfBandPaymentInput,
    RefundInput,
    VoidInput,
)
from billflow.models.contracts.coupons import CouponAttach, CouponCreate
from billflow.models.contracts.customers import (
    CustomerPricing,
    CustomerRecord,
    CustomerRef,
    CustomerUpdate,
    NewCustomer,
)
from billflow.models.contracts.invoices import Declined, InvoiceRef, InvoiceStatus, Issued, Paid
from billflow.models.contracts.offers import OfferCreate
from billflow.models.contracts.records import InvoiceFilter, InvoiceRecord, Paging, PlanFilter
from billflow.models.contracts.reissues import ReissueInput
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.wiring.store import sell_example
from tests.store.conftest import BEGIN, MONTHLY, Company, by

HOME = {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"}
DAY = timedelta(days=1)
NOT_KEPT = ("reconciled_at", "findings", "failing_endpoints", "queues", "task_queues")
"""What a business report has of now alone (docs/as-of.md)."""

Photograph = Mapping[str, bytes]


@dataclass
class History:
    """One organization with its customers, whose time goes on with each step."""

    company: Company
    random: Random
    customers: list[CustomerRecord]
    now: datetime = BEGIN
    plans: list[str] = field(default_factory=list)
    suspended: list[CustomerRef] = field(default_factory=list)

    @property
    def customer(self) -> CustomerRecord:
        """Return one of the customers."""
        return self.random.choice(self.customers)

    async def invoice(self, *status: str) -> InvoiceRecord | None:
        """Return an invoice that stands so, None where there is none."""
        found = await self.company.queries.invoices.search(self.company.org_id, InvoiceFilter(), Paging(limit=100))
        wanted = [one for one in found.rows if one.status in status]
        return self.random.choice(wanted) if wanted else None

    def about(self, invoice: InvoiceRecord) -> dict[str, Any]:
        """Return what every adjustment says."""
        about = {"org_id": self.company.org_id, "invoice_id": invoice.invoice_id, "key": uuid4().hex}
        return {**about, "actor": "tester", "at": self.now}

    def ref(self, invoice: InvoiceRecord) -> InvoiceRef:
        """Name an invoice."""
        return InvoiceRef(org_id=self.company.org_id, invoice_id=invoice.invoice_id)


Step = Callable[[History], Awaitable[object]]


async def began(company: Company, seed: int) -> History:
    """Begin a history: somebody sells, and there are two customers with an address."""
    await sell_example(company.repositories.catalogs, company.org_id)
    seller = SellerDocument.model_validate({"legal_name": "Muster GmbH", "address": HOME})
    await company.repositories.sellers.apply(company.org_id, seller, by())
    customers = []
    for name in ("Acme", "Beispiel"):
        terms = {"name": name, "email": f"{name}@example.com", "billing_address": HOME}
        new = NewCustomer.model_validate(terms)
        customers.append(await company.repositories.customers.create(company.org_id, new, by()))
        await company.seats(customers[-1], BEGIN - DAY, 12)
    return History(company, Random(seed), customers)


async def report_seats(history: History) -> None:
    """Report seats."""
    history.now += timedelta(hours=1)
    await history.company.seats(history.customer, history.now, history.random.randint(10, 40))


async def buy(history: History) -> None:
    """Buy a plan by card for a customer that may."""
    await start(history, MONTHLY)


async def start_plan(history: History) -> None:
    """Start a plan: bought by card or invoice, or on trial."""
    random = history.random
    asked = StartPlan(
        tier=random.choice(["cloud_standard", "cloud_plus"]),
        schedule=random.choice([Schedule.MONTHLY, Schedule.ANNUAL]),
        trial_days=random.choice([0, 0, 14]),
        collection_method=random.choice(list(CollectionMethod)),
    )
    await start(history, asked)


async def start(history: History, asked: StartPlan, test_clock_id: str | None = None) -> None:
    """Start a plan on terms, and pay its purchase where it waits for that."""
    asking = history.company.ask(history.customer, asked)
    asking = asking.model_copy(update={"at": history.now, "test_clock_id": test_clock_id})
    started = await history.company.start(asking)
    history.plans.append(started.state.plan_id)
    if not started.state.status.is_live and started.invoices:
        await history.company.activate(started)


async def close_cycle(history: History) -> None:
    """Close a billing date that is due, or the next one."""
    running = await history.company.queries.plans.running(history.company.org_id)
    due = [plan for plan in running if plan.due_at is not None]
    if due:
        plan = min(due, key=lambda one: one.due_at or BEGIN)
        history.now = max(history.now, plan.due_at or BEGIN)
        await history.company.close(plan)


async def command(history: History) -> None:
    """Ask something of a plan."""
    running = await history.company.queries.plans.running(history.company.org_id)
    if running:
        plan = history.random.choice(running)
        await history.company.command(plan, history.random.choice(commands(history)), history.now)


def commands(history: History) -> list[PlanCommand]:
    """Return what may be asked of a plan."""
    return [
        SwitchToAnnual(),
        SwitchToMonthly(),
        DowngradeAtEndOfCycle(),
        CancelScheduledChange(),
        EndNow(),
        UpgradeTierNow(tier="cloud_plus"),
        SetEndDate(end_date=history.now + 200 * DAY),
        RemoveEndDate(),
        ExtendTrial(days=3),
        SetAddOn(add_on="storage", quantity=history.random.randint(0, 5)),
        AddItem(description="Set-up", unit_amount=history.random.randint(100, 90_000)),
    ]


async def finalize(history: History) -> None:
    """Let Stripe hold a draft."""
    if invoice := await history.invoice("draft"):
        issued = Issued(
            stripe_invoice_id=f"in_{uuid4().hex}", status=InvoiceStatus.OPEN, amount_due=invoice.total, amount_paid=0
        )
        await history.company.repositories.invoices.record_issued(history.ref(invoice), issued)


async def pay(history: History) -> None:
    """Pay an invoice."""
    if invoice := await history.invoice("draft", "open"):
        outcome = Paid(amount_paid=invoice.amount_due or invoice.total)
        await history.company.repositories.invoices.record_outcome(history.ref(invoice), outcome, history.now)


async def decline(history: History) -> None:
    """Decline a card, and plan what collection does next."""
    if invoice := await history.invoice("draft", "open"):
        repository, ref = history.company.repositories.invoices, history.ref(invoice)
        await repository.record_outcome(ref, Declined(code="card_declined", message="Declined."), history.now)
        await repository.record_collection_plan(ref, history.now + DAY)


async def pay_out_of_band(history: History) -> None:
    """Pay an invoice outside Stripe."""
    if invoice := await history.invoice("open"):
        asked = OutOfBandPaymentInput(**history.about(invoice), reference="SEPA 1")
        await history.company.repositories.adjustments.mark_paid(asked)


async def refund(history: History) -> None:
    """Refund a part; Stripe carries it out, refuses it, or says nothing yet."""
    if invoice := await history.invoice("paid"):
        asked = RefundInput(**history.about(invoice), amount=history.random.randint(1, 900))
        made = await history.company.repositories.adjustments.create_refund(asked)
        await result(history, "refund", made.refund_id)


async def credit(history: History) -> None:
    """Credit a part."""
    if invoice := await history.invoice("paid", "open"):
        method, amount = history.random.choice(list(RefundMethod)), history.random.randint(1, 900)
        asked = CreditNoteInput(**history.about(invoice), amount=amount, refund_method=method)
        made = await history.company.repositories.adjustments.create_credit_note(asked)
        await result(history, "credit_note", made.credit_note_id)


async def result(history: History, kind: str, adjustment_id: str) -> None:
    """Write down what Stripe said of an adjustment, if it did."""
    said = history.random.choice([AdjustmentStatus.SUCCEEDED, AdjustmentStatus.FAILED, None])
    if said:
        ref = AdjustmentRef.model_validate(
            {"org_id": history.company.org_id, "kind": kind, "adjustment_id": adjustment_id}
        )
        outcome = AdjustmentResult(status=said, stripe_id=f"re_{uuid4().hex}")
        await history.company.repositories.adjustments.record_result(ref, outcome, history.now)


async def void(history: History) -> None:
    """Void an invoice, or write it off."""
    if invoice := await history.invoice("open", "draft"):
        written_off, waived = (history.random.random() < share for share in (0.3, 0.5))
        asked = VoidInput(**history.about(invoice), reason="a mistake", waived=waived)
        if written_off:
            asked = asked.model_copy(update={"to": InvoiceStatus.UNCOLLECTIBLE})
        await history.company.repositories.adjustments.close(asked)


async def reissue(history: History) -> None:
    """Issue an invoice again."""
    if invoice := await history.invoice("open", "paid", "draft", "void"):
        await history.company.repositories.reissues.reissue(ReissueInput(**history.about(invoice)))


async def change_customer(history: History) -> None:
    """Rename, suspend, activate or agree on prices."""
    repository, ref = history.company.repositories.customers, history.customer.ref
    change = by(at=history.now)
    name, price = f"Muster {uuid4().hex[:4]}", history.random.randint(100, 700)
    pricing = CustomerPricing(required_plan_tier="cloud_standard", monthly_discounted_price=price)
    match history.random.randrange(4):
        case 0:
            await repository.update(ref, CustomerUpdate(name=name), change)
        case 1:
            await repository.suspend(ref, change)
            history.suspended.append(ref)
        case 2 if history.suspended:
            await repository.activate(history.suspended.pop(), change)
        case _:
            await repository.set_pricing(ref, pricing, change)


async def attach_coupon(history: History) -> None:
    """Give a customer a coupon of its own, or take it away."""
    coupons, org_id = history.company.repositories.coupons, history.company.org_id
    code, off = uuid4().hex[:10].upper(), Decimal(history.random.randint(1, 99))
    terms = {"code": code, "duration": "repeating", "duration_in_months": 2, "percent_off": off}
    await coupons.create(org_id, CouponCreate.model_validate(terms), by(at=history.now))
    await coupons.attach(history.customer.ref, CouponAttach(coupon=code), by(at=history.now))


async def offer(history: History) -> None:
    """Make an offer, or withdraw the one that is open."""
    offers, customer = history.company.repositories.offers, history.customer
    known = await offers.list(history.company.org_id, customer.customer_id, history.now)
    if waiting := [one for one in known if one.status == "open"]:
        change = by(at=history.now)
        await offers.withdraw(history.company.org_id, customer.customer_id, waiting[0].offer_id, change)
    else:
        made = OfferCreate(tier="cloud_standard", fixed_price=history.random.randint(1000, 900_000))
        await offers.create(history.company.org_id, customer.customer_id, made, by(at=history.now))


async def tax(history: History) -> None:
    """Tax what is billed at another rate."""
    rate = {"country": "DE", "name": "VAT", "percent": str(history.random.randint(1, 25))}
    inclusive = history.random.random() < 0.5
    rates = {"mode": "own_rates", "reverse_charge": False, "rates": [{**rate, "inclusive": inclusive}]}
    document = TaxDocument.model_validate(rates)
    await history.company.repositories.taxes.apply(history.company.org_id, document, by(at=history.now))


STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        report_seats,
        buy,
        start_plan,
        close_cycle,
        command,
        finalize,
        pay,
        decline,
        pay_out_of_band,
        refund,
        credit,
        void,
        reissue,
        change_customer,
        attach_coupon,
        offer,
        tax,
    )
}


async def photographed(api: httpx.AsyncClient, paths: list[str], as_of: str | None = None) -> tuple[str, Photograph]:
    """Return what the API answers at each path, and the moment of it."""
    report = (await api.get("/api/v1/business", params={"as_of": as_of} if as_of else {})).json()
    answers = {"/api/v1/business": json.dumps({**report, **dict.fromkeys(NOT_KEPT)}).encode()}
    for path in paths:
        answers[path] = await answered(api, path, as_of)
    return report["at"], answers


async def answered(api: httpx.AsyncClient, path: str, as_of: str | None) -> bytes:
    """Return the bytes of an answer, and of every further part of a list where it comes in parts."""
    found, after = b"", None
    while True:
        params = {name: value for name, value in (("as_of", as_of), ("after", after)) if value}
        answer = await api.get(httpx.URL(path).copy_merge_params(params))
        assert answer.status_code == 200, (path, as_of, answer.text)
        found += _without_moment(answer.content) if path.endswith("/statement") else answer.content
        after = answer.json().get("next") if "limit=" in path else None
        if not after:
            return found


def _without_moment(statement: bytes) -> bytes:
    """Return a statement without when it was made."""
    return json.dumps({**json.loads(statement), "at": None}).encode()


async def paths_of(history: History) -> list[str]:
    """Return every path that answers as of a moment, for all there is."""
    company, base = history.company, "/api/v1"
    plans = [one.plan_id for one in (await company.queries.plans.search(company.org_id, PlanFilter())).rows]
    found = await company.queries.invoices.search(company.org_id, InvoiceFilter(), Paging(limit=100))
    return [
        f"{base}/plans",
        f"{base}/plans?live=true",
        f"{base}/plans?limit=1",
        f"{base}/invoices",
        f"{base}/invoices?unpaid=true",
        f"{base}/invoices?limit=2",
        f"{base}/invoices?customer_id={history.customers[0].customer_id}",
        f"{base}/business/renewals",
        f"{base}/business/movements?since=2026-02-01T00:00:00Z&until=2026-06-01T00:00:00Z",
        *(f"{base}/customers/{one.customer_id}/{part}" for one in history.customers for part in OF_CUSTOMER),
        *(f"{base}/customers/{one.customer_id}" for one in history.customers),
        *(f"{base}/plans/{one}" for one in plans),
        *(f"{base}/plans/{one}/{part}" for one in plans for part in PARTS),
        *(f"{base}/invoices/{one.invoice_id}" for one in found.rows),
        *(f"{base}/invoices/{one.invoice_id}/explain" for one in found.rows),
    ]


OF_CUSTOMER = ("report", "statement", "credits", "seats", "seats?limit=1")
PARTS = ("ledger", "add-ons", "items", "invoices", "timeline")
