"""Gathering the three accounts of a customer's invoices, and what they come to."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, cast

from billflow.demo.compare import (
    InvoiceAccount,
    line_account,
    recomputed_differences,
    refund_differences,
    stripe_differences,
)
from billflow.demo.replay import replayed_invoices
from billflow.demo.report import CustomerReport, TaxedInvoice
from billflow.demo.scenario_run import DemoEnvironment, DemoResult
from billflow.domain.catalog import Hosting
from billflow.domain.customer import CustomerTerms
from billflow.domain.invoicing.draft import InvoiceDraft, LineKind
from billflow.domain.settings import BillingSettings
from billflow.domain.tax.policy import NEVER_TAXED, Taxpayer, TaxTimeline
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, InvoiceRecord, Paging, PlanFilter
from billflow.models.contracts.registered_numbers import union_vat_number

PAGE = 100
LINES_WORTH_READING = 3
MOST_LINES = 6


async def report_on(env: DemoEnvironment, result: DemoResult) -> CustomerReport:
    """Compare every invoice of a customer in our rows, recomputed and at Stripe, and sum up its years."""
    plans = await _plans(env, result)
    ledgers = [await env.engine.queries.plans.ledger(plan.ref) for plan in plans]
    invoices = [invoice async for invoice in _invoices(env, result)]
    rows = {invoice.invoice_id: _row_account(invoice) for invoice in invoices}
    recomputed = recomputed_differences(list(rows.values()), await _recomputed(env, result, plans))
    held = await _at_stripe(env, result.stripe_customer_id)
    refunded = sum(invoice.refunded for invoice in invoices)
    refunded_there = await _refunded_at_stripe(env, result.stripe_customer_id)
    owed = [invoice for invoice in invoices if invoice.status is InvoiceStatus.OPEN]
    return CustomerReport(
        name=result.scenario.organization.name,
        description=result.scenario.description,
        plans=len(plans),
        cycles=sum(entry.is_renewal and entry.add_on is None for ledger in ledgers for entry in ledger),
        invoices=len(invoices),
        lines=sum(len(invoice.lines) for invoice in invoices),
        total=sum(invoice.total for invoice in invoices),
        paid=sum(invoice.amount_paid for invoice in invoices),
        open=sum((invoice.amount_due or 0) - invoice.amount_paid for invoice in owed),
        refunded=refunded,
        currency=invoices[0].currency if invoices else "USD",
        taxed=tuple(TaxedInvoice.of(invoice) for invoice in invoices),
        differences=tuple(
            chain(recomputed, stripe_differences(rows, held), refund_differences(refunded, refunded_there))
        ),
    )


async def worth_explaining(env: DemoEnvironment, result: Sequence[DemoResult]) -> InvoiceDetail | None:
    """Return an invoice with a proration and little else: long enough to be interesting, short enough to read."""
    for one in result:
        async for invoice in _invoices(env, one):
            prorates = any(line.kind is LineKind.ADDITIONAL_LICENSES for line in invoice.lines)
            if prorates and LINES_WORTH_READING <= len(invoice.lines) <= MOST_LINES:
                return invoice
    return None


async def _plans(env: DemoEnvironment, result: DemoResult) -> list[PlanState]:
    page = await env.engine.queries.plans.search(
        env.org_id, PlanFilter(customer_id=result.customer_id), Paging(limit=PAGE)
    )
    return sorted(page.rows, key=lambda plan: plan.billing_cycle_anchor)


async def _invoices(env: DemoEnvironment, result: DemoResult) -> AsyncIterator[InvoiceDetail]:
    wanted, after = InvoiceFilter(customer_id=result.customer_id), None
    found: list[InvoiceRecord] = []
    while True:
        page = await env.engine.queries.invoices.search(env.org_id, wanted, Paging(limit=PAGE, after=after))
        found += page.rows
        if (after := page.next) is None:
            break
    for invoice in reversed(found):
        yield await env.engine.queries.invoices.get(env.org_id, invoice.invoice_id)


async def _recomputed(env: DemoEnvironment, result: DemoResult, plans: list[PlanState]) -> list[InvoiceDraft]:
    """Bill the customer once more from its observations and the steps that were asked for."""
    steps = [step for plan in plans for step in await env.engine.queries.plans.steps(plan.ref)]
    scenario = result.scenario
    customer = CustomerTerms(
        id=result.customer_id,
        hosting=Hosting.CLOUD,
        currency=scenario.currency,
        card_since=scenario.starts_at,
        taxpayer=Taxpayer(country=scenario.country, vat_number=union_vat_number(scenario.tax_id)),
    )
    seller = await env.engine.repositories.sellers.printed(env.org_id, None, is_issued=False)
    home = seller.details.address.country if seller.details else None
    tax = TaxTimeline((scenario.tax.policy(home),)) if scenario.tax else NEVER_TAXED
    catalog = await env.engine.repositories.catalogs.current(env.org_id)
    return replayed_invoices(scenario, customer, catalog, steps, BillingSettings(tax=tax))


def _row_account(invoice: InvoiceDetail) -> InvoiceAccount:
    lines = sorted(line_account(line.amount, line.period_start, line.period_end) for line in invoice.lines)
    name = f"{invoice.kind} of {invoice.issued_at:%Y-%m-%d}"
    return InvoiceAccount(name, invoice.issued_at, invoice.total, lines, invoice.status)


async def _at_stripe(env: DemoEnvironment, stripe_customer_id: str) -> dict[str, list[InvoiceAccount]]:
    """Return the invoices Stripe holds for the customer, by our invoice id."""
    held: dict[str, list[InvoiceAccount]] = defaultdict(list)
    async for invoice in _listed(env, "/v1/invoices", customer=stripe_customer_id):
        held[invoice["metadata"].get("billflow_invoice", invoice["id"])].append(await _stripe_account(env, invoice))
    return held


async def _refunded_at_stripe(env: DemoEnvironment, stripe_customer_id: str) -> int:
    return sum([charge["amount_refunded"] async for charge in _listed(env, "/v1/charges", customer=stripe_customer_id)])


async def _stripe_account(env: DemoEnvironment, invoice: dict[str, Any]) -> InvoiceAccount:
    lines = invoice["lines"]["data"]
    if invoice["lines"]["has_more"]:
        lines = [line async for line in _listed(env, f"/v1/invoices/{invoice['id']}/lines")]
    return InvoiceAccount(
        invoice["id"],
        _moment(invoice["effective_at"] or invoice["created"]),
        invoice["total"],
        sorted(
            line_account(line["amount"], _moment(line["period"]["start"]), _moment(line["period"]["end"]))
            for line in lines
        ),
        invoice["status"],
    )


async def _listed(env: DemoEnvironment, path: str, **params: str) -> AsyncIterator[dict[str, Any]]:
    """Yield what a list at Stripe has, page by page, without the client's object for each part of each one."""
    has_more = True
    while has_more:
        answer = await env.engine.stripe.raw_request_async("get", path, limit=PAGE, **params)
        page = cast("dict[str, Any]", answer.data)
        for found in page["data"]:
            yield found
            params["starting_after"] = found["id"]
        has_more = page["has_more"]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
