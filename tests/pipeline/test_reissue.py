"""Invoices issued again, on the whole engine: rows, Stripe, ledger, reports and what comes later agree (rules 28.1)."""

import asyncio

import pytest

from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.invoicing.explain import explain
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import InvoiceStatus
from tests.api_environment import until
from tests.pipeline.environment import PlanEnvironment
from tests.pipeline.reissues import asked, corrected, open_renewal, paid_renewal, reissued, shown
from tests.pipeline.test_credits import agree


async def test_an_open_renewal_is_void_on_both_sides_before_the_corrected_one_is_open(
    plan_env: PlanEnvironment,
) -> None:
    plan, renewal = await open_renewal(plan_env)

    new = await reissued(plan_env, renewal, lines=corrected(of=renewal, licenses=8, price=700), reason="agreed")

    old = await shown(plan_env, renewal.invoice_id)
    assert (old.status, new.status, new.total) == (InvoiceStatus.VOID, InvoiceStatus.OPEN, 8 * 700)
    assert (old.replaced_by_invoice_id, new.replaces_invoice_id) == (new.invoice_id, old.invoice_id)
    assert (new.lines[0].period_start, new.lines[0].entries) == (old.lines[0].period_start, old.lines[0].entries)
    assert "corrected, 10 x USD 8 before" in explain(new.lines[0].line, "USD").sentence
    await agree(plan_env)
    [told] = await plan_env.events("invoice.reissued")
    assert (told["replaced_by_invoice_id"], told["total"]) == (new.invoice_id, 5600)
    assert (await plan_env.events("invoice.created"))[-1]["replaces_invoice_id"] == old.invoice_id
    assert "invoice.reissued" in await plan_env.audited(old.invoice_id)
    assert (await plan_env.env.engine.queries.audit.verify(plan_env.org_id)).faults == ()
    timeline = await plan_env.env.engine.queries.plans.timeline(plan.ref)
    assert "invoice.reissued" in [entry.name for entry in timeline]

    await plan_env.pay(new)
    await plan_env.closed()
    await plan_env.months(2)
    assert (await plan_env.sent())[-1].total == 10 * 800  # the ledger says how many licenses renew


@pytest.mark.full
async def test_what_was_paid_stays_on_the_balance_and_pays_the_corrected_invoice(plan_env: PlanEnvironment) -> None:
    _, renewal = await paid_renewal(plan_env)

    new = await reissued(plan_env, renewal, lines=corrected(of=renewal, licenses=8))

    assert (new.status, new.total, new.balance_applied, new.amount_paid) == (InvoiceStatus.PAID, 6400, 6400, 0)
    assert await plan_env.credit_balance() == 1600
    old = await shown(plan_env, renewal.invoice_id)
    assert (old.status, old.replaced_by_invoice_id) == (InvoiceStatus.PAID, new.invoice_id)
    await agree(plan_env)
    report = await plan_env.env.engine.queries.reports.report(
        CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    )
    assert [money.amount for money in report.lifetime_value] == [8000 + 6400]
    assert [(plan.invoiced, plan.credited) for plan in report.plans] == [(8000 + 6400, 0)]
    assert [money.amount for money in report.monthly_recurring_revenue] == [8000]
    assert (report.invoices, report.open_invoices) == (2, 0)


@pytest.mark.full
async def test_what_was_paid_goes_back_to_the_card_and_the_corrected_invoice_is_charged(
    plan_env: PlanEnvironment,
) -> None:
    _, renewal = await paid_renewal(plan_env)

    new = await reissued(plan_env, renewal, lines=corrected(of=renewal, licenses=8), refund_method="refund")

    await plan_env.closed()
    new = await shown(plan_env, new.invoice_id)
    assert (new.status, new.amount_paid, new.balance_applied) == (InvoiceStatus.PAID, 6400, 0)
    settled = await plan_env.env.engine.repositories.adjustments.of_invoice(plan_env.org_id, renewal.invoice_id)
    assert [(note.amount, note.refund_amount, note.status) for note in settled.credit_notes] == [
        (8000, 8000, "succeeded")
    ]
    await agree(plan_env)
    report = await plan_env.env.engine.queries.reports.report(
        CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    )
    assert [money.amount for money in report.lifetime_value] == [8000 + 6400]


@pytest.mark.full
async def test_one_key_issues_once_and_another_key_is_told_of_the_new_invoice(plan_env: PlanEnvironment) -> None:
    _, renewal = await open_renewal(plan_env)
    request = await asked(plan_env, renewal, "once")
    engine = plan_env.env.engine

    answers = await asyncio.gather(*(engine.adjustments.reissue(request) for _ in range(5)))
    with pytest.raises(Refused, match=answers[0].invoice_id) as refused:
        await engine.adjustments.reissue(await asked(plan_env, renewal))
    with pytest.raises(InvalidInput, match="used for another invoice"):
        await engine.adjustments.reissue(await asked(plan_env, answers[0], "once"))

    assert refused.value.code == "already_reissued"
    await plan_env.sent()
    assert len({answer.invoice_id for answer in answers}) == 1
    assert [held.status for held in (await plan_env.at_stripe())[1:]] == ["void", "open"]
    await agree(plan_env)


@pytest.mark.full
async def test_a_preview_says_what_will_happen_and_writes_nothing(plan_env: PlanEnvironment) -> None:
    _, renewal = await paid_renewal(plan_env)
    request = await asked(plan_env, renewal, lines=corrected(of=renewal, price=900))

    decided = await plan_env.env.engine.repositories.reissues.preview(request)

    assert (decided.draft.total, decided.note and decided.note.balance, decided.voids) == (9000, 8000, False)
    assert len(await plan_env.invoices()) == 2
    made = await reissued(plan_env, renewal, lines=corrected(of=renewal, price=900))
    assert [line.line.derivation for line in made.lines] == [line.derivation for line in decided.draft.lines]


@pytest.mark.full
async def test_an_invoice_that_is_paid_at_stripe_meanwhile_stands_and_the_new_one_is_taken_back(
    plan_env: PlanEnvironment,
) -> None:
    _, renewal = await open_renewal(plan_env)
    request = await asked(plan_env, renewal)
    made = await plan_env.env.engine.repositories.reissues.reissue(request)
    await plan_env.pay(renewal)

    await plan_env.env.engine.adjustments.reissue(request)
    await plan_env.closed()

    old, new = await shown(plan_env, renewal.invoice_id), await shown(plan_env, made.invoice_id)
    assert (old.status, old.replaced_by_invoice_id) == (InvoiceStatus.PAID, None)
    assert (new.status, new.waived, new.stripe_invoice_id) == (InvoiceStatus.VOID, True, None)
    [failed] = await plan_env.events("invoice.reissue_failed")
    assert (failed["replaced_by_invoice_id"], failed["cause"]) == (new.invoice_id, "it was paid meanwhile")
    assert [held.status for held in (await plan_env.at_stripe())[1:]] == ["paid"]


REFUSAL = {"error": {"type": "invalid_request_error", "message": "This charge is under review."}}


@pytest.mark.full
async def test_where_stripe_refuses_to_credit_what_was_paid_the_old_invoice_stands(plan_env: PlanEnvironment) -> None:
    _, renewal = await paid_renewal(plan_env)
    rule = {"fault": "status", "operation": "credit_note.create", "status": 400, "body": REFUSAL, "count": 1}
    await plan_env.env.control("POST", "/faults", requests=[rule])

    with pytest.raises(Refused, match="under review") as refused:
        await reissued(plan_env, renewal)

    assert refused.value.code == "adjustment_refused"
    assert [invoice.status for invoice in (await plan_env.invoices())[1:]].count(InvoiceStatus.VOID) == 1
    assert (await shown(plan_env, renewal.invoice_id)).replaced_by_invoice_id is None
    new = await reissued(plan_env, renewal)
    assert (new.status, new.balance_applied) == (InvoiceStatus.PAID, 8000)


@pytest.mark.full
async def test_a_customer_that_was_erased_gets_no_new_invoice(plan_env: PlanEnvironment) -> None:
    _, renewal = await paid_renewal(plan_env)
    await plan_env.query("UPDATE customer SET erased_at = now() WHERE id = %s RETURNING id", [plan_env.customer_id])

    with pytest.raises(Refused) as refused:
        await plan_env.env.engine.adjustments.reissue(await asked(plan_env, renewal))

    assert refused.value.code == "customer_erased"


@pytest.mark.full
async def test_a_collection_that_begins_by_itself_closes_the_old_invoice_first(plan_env: PlanEnvironment) -> None:
    _, renewal = await open_renewal(plan_env)
    engine = plan_env.env.engine
    made = await engine.repositories.reissues.reissue(await asked(plan_env, renewal))  # and the process died here
    new = await shown(plan_env, made.invoice_id)

    await engine.control.start(await engine.collection.start_of(new))

    async def is_open() -> bool:
        return (await shown(plan_env, new.invoice_id)).status is InvoiceStatus.OPEN

    await until(is_open)
    assert [held.status for held in (await plan_env.at_stripe())[1:]] == ["void", "open"]
