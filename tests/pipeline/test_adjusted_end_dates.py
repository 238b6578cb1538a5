"""Invoices about moved end dates, refunded, credited, reconciled and reported like any other (rules 8.9 and 28)."""

import secrets
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from billflow.domain.adjustments import RefundMethod
from billflow.domain.commands import RemoveEndDate, SetEndDate, UpgradeTierNow
from billflow.domain.errors import Refused
from billflow.domain.reconciliation import FindingKind
from billflow.models.contracts.adjustments import CreditNoteInput, RefundInput, VoidInput
from billflow.models.contracts.customer_finances import ReportRecord
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from tests.domain.builders import at
from tests.pipeline.environment import PlanEnvironment
from tests.pipeline.reconciled import findings
from tests.pipeline.reissues import BY_MAIL
from tests.pipeline.test_credits import agree
from tests.pipeline.test_moved_end_dates import amounts, with_an_end
from tests.sizes import further

ADDED = 6597  # 8000 x 301 of 365 days, from 5 March to 31 December
OWED = ADDED - 1929  # 8000 x 88 of 365 days, to 1 June
LATE = 5 * 1249  # 8000 x 57 of 365 days, from 5 April to 1 June


async def of(plan_env: PlanEnvironment, invoice: InvoiceDetail, **more: Any) -> dict[str, Any]:
    """Return what every adjustment names."""
    key = KeyNamespace.CLIENT.key(secrets.token_hex(8))
    who = {"org_id": plan_env.org_id, "invoice_id": invoice.invoice_id, "actor": "support", "key": key}
    return {**who, "at": await plan_env.now(), **more}


async def the_plan(plan_env: PlanEnvironment) -> PlanState:
    """Return the customer's plan."""
    [plan] = await plan_env.plans()
    return plan


async def moved(plan_env: PlanEnvironment, ends: str | None, billed: str) -> InvoiceDetail:
    """Move the end of the plan, and return what is billed by then."""
    command = SetEndDate(end_date=at(ends)) if ends else RemoveEndDate()
    await plan_env.command(await the_plan(plan_env), command)
    await plan_env.advance(at(billed))
    return (await plan_env.closed())[-1]


async def charged(plan_env: PlanEnvironment) -> InvoiceDetail:
    """Return an invoice over a later end: from 2 July to 1 September."""
    await with_an_end(plan_env, at("2026-07-02T21:30"))
    invoice = await moved(plan_env, "2026-09-01T09:30", "2026-04-16")
    assert invoice.total == 3945 - 2619  # 8000 x 180 and 119.5 of 365 days
    return invoice


async def lowered(plan_env: PlanEnvironment) -> InvoiceDetail:
    """Return an invoice whose charges an earlier end lowers: five licenses more, and six months less of another."""
    await with_an_end(plan_env, at("2026-12-31T09:30"))
    await plan_env.seats(16, at=at("2026-04-05T09:30"))
    invoice = await moved(plan_env, "2026-06-01T09:30", "2026-04-16T09:30")
    assert [amount for _, amount in amounts(invoice)] == [LATE, -OWED]
    return invoice


async def credited(plan_env: PlanEnvironment) -> InvoiceDetail:
    """Return an invoice over nothing: what an earlier end takes off goes onto the balance."""
    await with_an_end(plan_env, at("2026-12-31T09:30"))
    invoice = await moved(plan_env, "2026-06-01T09:30", "2026-04-16")
    assert [amount for _, amount in amounts(invoice)] == [-OWED, OWED]
    return invoice


async def report(plan_env: PlanEnvironment) -> ReportRecord:
    """Return what the customer is worth."""
    ref = CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    return await plan_env.env.engine.queries.reports.report(ref)


def sums(amounts: Any) -> list[int]:
    """Return amounts without their currency, which is always USD."""
    return [amount.amount for amount in amounts]


@pytest.mark.full
async def test_a_later_end_that_was_refunded_is_charged_on_and_never_credited(plan_env: PlanEnvironment) -> None:
    invoice = await charged(plan_env)
    await plan_env.env.engine.adjustments.refund(RefundInput(**await of(plan_env, invoice, amount=500)))
    await agree(plan_env)

    later = await moved(plan_env, None, "2026-05-16")
    made = len(await plan_env.invoices())
    await moved(plan_env, "2026-06-10T09:30", "2026-06-11")

    assert later.total == 6926 - 3945  # 8000 x 316 of 365 days
    assert (len(await plan_env.invoices()), await plan_env.credits()) == (made, ())


@pytest.mark.full
@pytest.mark.parametrize("method", [RefundMethod.REFUND, *further(RefundMethod.BALANCE)])
async def test_a_note_credits_the_line_of_a_later_end(plan_env: PlanEnvironment, method: RefundMethod) -> None:
    invoice = await charged(plan_env)
    lines = [{"line_id": invoice.lines[0].line_id, "amount": 326}]
    ask = CreditNoteInput(**await of(plan_env, invoice, lines=lines, refund_method=method))

    note = await plan_env.env.engine.adjustments.credit(ask)

    to_card = 326 if method is RefundMethod.REFUND else 0
    assert (note.refund_amount, note.balance_amount, note.lines[0].amount) == (to_card, 326 - to_card, 326)
    await agree(plan_env)
    assert sums((await report(plan_env)).lifetime_value) == [80_000 + 2619 + 1326 - 326]


@pytest.mark.full
async def test_of_an_invoice_that_an_earlier_end_lowers_only_its_total_is_refunded(plan_env: PlanEnvironment) -> None:
    invoice = await lowered(plan_env)
    adjustments = plan_env.env.engine.adjustments
    added, change = invoice.lines

    for line, says in ((added, f"{LATE - OWED} minor units"), (change, "Nothing of that line is left")):
        ask = CreditNoteInput(**await of(plan_env, invoice, lines=[{"line_id": line.line_id}]))
        with pytest.raises(Refused, match=says):
            await adjustments.credit(ask)
    refund = await adjustments.refund(RefundInput(**await of(plan_env, invoice)))

    assert refund.amount == LATE - OWED
    await agree(plan_env)


@pytest.mark.full
@pytest.mark.parametrize("refunded", [0, *further(600)])
async def test_a_higher_tier_credits_what_was_kept_of_charges_and_changes(
    plan_env: PlanEnvironment, refunded: int
) -> None:
    invoice = await lowered(plan_env)
    if refunded:
        await plan_env.env.engine.adjustments.refund(RefundInput(**await of(plan_env, invoice, amount=refunded)))

    plan = await the_plan(plan_env)
    decided = (await plan_env.env.engine.plans.preview(plan.ref, UpgradeTierNow(tier="cloud_plus"), None)).outcome

    now = at("2026-04-16T09:30")
    kept = Fraction(invoice.total - refunded, invoice.total)
    shares = (
        80_000 * unused(at("2026-01-15T09:30"), now, at("2027-01-15T09:30")),
        ADDED * unused(at("2026-03-05T09:30"), now, at("2026-12-31T09:30")),
        kept * LATE * unused(at("2026-04-05T09:30"), now, at("2026-06-01T09:30")),
        kept * -OWED,
    )
    assert decided.credit == ceil(sum(shares))


def unused(start: datetime, now: datetime, end: datetime) -> Fraction:
    """Return the share of a period that is left."""
    return Fraction((end - now).days, (end - start).days)


@pytest.mark.full
async def test_a_credit_to_the_balance_leaves_nothing_to_refund_credit_or_void(plan_env: PlanEnvironment) -> None:
    invoice = await credited(plan_env)
    adjustments = plan_env.env.engine.adjustments

    asked = (
        adjustments.refund(RefundInput(**await of(plan_env, invoice))),
        adjustments.credit(CreditNoteInput(**await of(plan_env, invoice))),
        adjustments.void(VoidInput(**await of(plan_env, invoice))),
        adjustments.void(VoidInput(**await of(plan_env, invoice, to=InvoiceStatus.UNCOLLECTIBLE))),
    )
    codes = []
    for one in asked:
        with pytest.raises(Refused) as refused:
            await one
        codes.append(refused.value.code)

    assert codes == ["nothing_to_refund", "nothing_to_credit", "invoice_not_open", "invoice_not_open"]
    assert (invoice.status, await plan_env.stripe_balance()) == (InvoiceStatus.PAID, -OWED)
    await agree(plan_env)


@pytest.mark.full
async def test_reports_count_changes_as_money_and_never_as_recurring_revenue(plan_env: PlanEnvironment) -> None:
    await credited(plan_env)

    told = await report(plan_env)

    assert sums(told.monthly_recurring_revenue) == [7333]  # 11 x 8000 a year
    assert sums(told.lifetime_value) == [80_000 + ADDED - OWED]
    assert (sums(told.credit_balance), sums(told.open_balance)) == ([OWED], [])
    assert [(plan.invoiced, plan.paid) for plan in told.plans] == [(80_000 + ADDED, 80_000 + ADDED)]
    assert told.invoices == 3


@pytest.mark.full
async def test_what_a_balance_and_a_note_paid_of_an_open_invoice_is_not_owed(plan_env: PlanEnvironment) -> None:
    await credited(plan_env)
    plan = await the_plan(plan_env)
    await plan_env.command(plan, RemoveEndDate())
    await plan_env.command(plan, BY_MAIL)
    await plan_env.advance(at("2026-05-16"))
    invoice = (await plan_env.sent())[-1]
    assert (invoice.total, invoice.balance_applied, invoice.status) == (6926 - 1929, OWED, InvoiceStatus.OPEN)

    await plan_env.env.engine.adjustments.credit(CreditNoteInput(**await of(plan_env, invoice, amount=100)))

    assert sums((await report(plan_env)).open_balance) == [6926 - 1929 - OWED - 100]
    await agree(plan_env)


@pytest.mark.full
async def test_records_with_changes_and_credits_agree_with_stripe(plan_env: PlanEnvironment) -> None:
    later = await charged(plan_env)
    earlier = await moved(plan_env, "2026-06-20T09:30", "2026-05-16")
    assert [amount for _, amount in amounts(earlier)] == [2345 - 3945, 3945 - 2345]  # 8000 x 107 of 365 days
    assert await findings(plan_env, later, earlier) == []

    await plan_env.query("UPDATE invoice SET total = total + 1 WHERE id = %s RETURNING id", [later.invoice_id])

    assert [one.kind for one in await findings(plan_env, later, earlier)] == [FindingKind.WRONG_AMOUNT]
    await plan_env.query("UPDATE invoice SET total = total - 1 WHERE id = %s RETURNING id", [later.invoice_id])
