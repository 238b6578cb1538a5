"""What becomes of a debt: retries and mails by the policy, suspension, the end of the plan, and back by paying late."""

from datetime import timedelta

import pytest

from billflow.domain.dunning import DunningAction, DunningPolicy, SmallOrganizationRule
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.payments.sandbox import CONFIRMING_CARD, DECLINING_CARD, GOOD_CARD
from tests.api_environment import until
from tests.collection.debts import DAY, DUE, Debts
from tests.environment import BY_INVOICE

ATTEMPTS = [0, 1, 3, 5, 7]


async def test_a_declined_card_is_retried_the_customer_suspended_and_the_plan_ended_each_on_its_day(
    debts: Debts,
) -> None:
    debtor = await debts.declined()

    await debtor.after(60)

    invoice = await debtor.invoice()
    assert [(attempt.at - DUE) // DAY for attempt in invoice.payment_attempts] == ATTEMPTS
    assert invoice.status is InvoiceStatus.OPEN
    assert await debtor.reported() == [
        *[("payment_failed", day) for day in ATTEMPTS],
        ("suspended", 7),
        ("plan_ended", 37),
    ]
    assert (await debtor.status(), (await debtor.state()).status) == ("suspended", PlanStatus.ENDED)
    assert len(await debtor.env.invoices(debtor.customer)) == 2


@pytest.mark.full
async def test_the_records_know_at_all_times_what_comes_next_and_when(debts: Debts) -> None:
    debtor = await debts.declined()
    seen = []
    for day in (0, 1, 4, 7, 37):
        await debtor.after(day)
        invoice = await debtor.invoice()
        seen.append((invoice.next_action, (invoice.next_attempt_at - DUE) // DAY if invoice.next_attempt_at else None))

    assert seen == [
        (DunningAction.RETRY, 1),
        (DunningAction.RETRY, 3),
        (DunningAction.RETRY, 5),
        (DunningAction.END_PLAN, 37),
        (DunningAction.AWAIT_CUSTOMER, None),
    ]


@pytest.mark.full
async def test_a_collection_that_begins_when_its_clock_has_moved_on_goes_by_the_clock(debts: Debts) -> None:
    debtor = await debts.declined()
    env, invoice = debtor.env, await debtor.invoice()
    behind = await env.engine.collection.start_of(invoice)
    await env.collection(invoice).terminate()
    await env.engine.repositories.test_clocks.advance(env.org_id, debtor.clock, DUE + DAY)

    await env.engine.control.start(behind)

    async def is_tried_again() -> bool:
        return [(attempt.at - DUE) // DAY for attempt in (await debtor.invoice()).payment_attempts] == [0, 1]

    await until(is_tried_again)


@pytest.mark.full
async def test_a_leap_of_a_year_passes_through_the_same_days(debts: Debts) -> None:
    patient = await debts.declined()
    leaping = await debts.declined()
    for day in range(61):
        if day in (1, 3, 5, 7, 20, 37, 60):
            await patient.after(day)

    await leaping.after(60)

    assert await patient.reported() == await leaping.reported()


@pytest.mark.full
async def test_paying_late_lifts_the_suspension_and_billing_resumes(debts: Debts) -> None:
    debtor = await debts.declined()
    await debtor.after(10)
    assert await debtor.status() == "suspended"
    assert (await debtor.state()).suspended

    await debtor.new_card(GOOD_CARD)
    await debtor.env.engine.collection.retry_payments(debtor.env.org_id, debtor.customer.customer_id)
    await debtor.until_status("active")

    async def is_billed_again() -> bool:
        state = await debtor.state()
        return not state.suspended and not state.resume_due

    await until(is_billed_again)
    assert (await debtor.invoice()).status is InvoiceStatus.PAID
    assert (await debtor.reported())[-1] == ("reactivated", 10)
    await debtor.after(35)
    assert [invoice.status for invoice in await debtor.env.invoices(debtor.customer)] == [InvoiceStatus.PAID] * 3


@pytest.mark.full
async def test_what_cant_be_undone_stays_a_plan_that_ended_is_not_revived_by_a_late_payment(debts: Debts) -> None:
    debtor = await debts.declined()
    await debtor.after(40)

    await debtor.pays()
    await debtor.until_status("active")

    assert (await debtor.state()).status is PlanStatus.ENDED


@pytest.mark.full
async def test_a_suspension_by_support_is_not_lifted_by_a_payment(debts: Debts) -> None:
    debtor = await debts.declined()
    change = ChangeContext(actor="support", at=DUE + timedelta(hours=1), reason="abuse")
    await debtor.env.engine.repositories.customers.suspend(debtor.customer.ref, change)
    await debtor.after(10)

    await debtor.pays()
    await debtor.env.collection(await debtor.invoice()).result()

    assert await debtor.status() == "suspended"


@pytest.mark.full
async def test_a_payment_that_needs_the_customer_is_not_charged_again_and_its_page_is_sent(debts: Debts) -> None:
    debtor = await debts.declined(CONFIRMING_CARD)

    await debtor.after(8)

    invoice = await debtor.invoice()
    assert [attempt.outcome["kind"] for attempt in invoice.payment_attempts] == ["requires_action"]
    assert await debtor.reported() == [*[("action_required", day) for day in ATTEMPTS], ("suspended", 7)]
    assert all(invoice.hosted_invoice_url in mail.body for mail in await debtor.mails() if invoice.hosted_invoice_url)


@pytest.mark.full
async def test_a_debt_may_be_given_up_on_both_sides_and_still_be_paid(debts: Debts) -> None:
    async with debts.policy(DunningPolicy(end_plan_after_days=None, mark_uncollectible=True)):
        debtor = await debts.declined()
    await debtor.after(8)

    assert await debtor.env.collection(await debtor.invoice()).result() == InvoiceStatus.UNCOLLECTIBLE
    assert ((await debtor.invoice()).status, (await debtor.at_stripe()).status) == ("uncollectible", "uncollectible")
    assert await debtor.status() == "suspended"

    await debtor.pays()
    await debtor.until_status("active")

    async def is_notified() -> bool:
        return (await debtor.reported())[-1:] == [("reactivated", 8)]

    await until(is_notified)


async def test_a_sent_invoice_is_reminded_of_before_on_and_after_its_due_date_then_as_cards(debts: Debts) -> None:
    debtor = await debts.customer(BY_INVOICE)
    await debtor.pays()
    await debtor.at(DUE)

    await debtor.after(15 + 7 + 30)

    assert await debtor.reported() == [
        ("reminder_before", 12),
        ("reminder_due", 15),
        ("reminder_after", 22),
        ("suspended", 22),
        ("plan_ended", 52),
    ]
    assert (await debtor.state()).status is PlanStatus.ENDED


@pytest.mark.full
async def test_a_sent_invoice_that_is_paid_in_time_is_not_written_about_again(debts: Debts) -> None:
    debtor = await debts.customer(BY_INVOICE)
    await debtor.pays()
    await debtor.at(DUE)
    await debtor.after(13)

    await debtor.pays()
    await debtor.after(27)

    assert await debtor.reported() == [("reminder_before", 12)]


@pytest.mark.full
async def test_a_small_organization_two_invoices_behind_is_ended_with_all_that_is_open_voided(debts: Debts) -> None:
    rule = DunningPolicy(suspend_customer=False, end_plan_after_days=None, small_organizations=SmallOrganizationRule())
    async with debts.policy(rule):
        small, large = await debts.declined(seats=3), await debts.declined(seats=5)
        # Five guests ride along with each member, so that these take no seat.
        await small.env.report(small.customer, 3, DUE + DAY, guests=15)
        await small.after(10)
        assert (await small.state()).status is PlanStatus.ACTIVE

        await small.after(40)
        await large.after(40)

    assert (await small.state()).status is PlanStatus.ENDED
    statuses = [invoice.status for invoice in await small.env.invoices(small.customer)]
    assert statuses == [InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.VOID]
    assert [held.status for held in await small.env.at_stripe(small.customer)] == ["paid", "void", "void"]
    assert "written_off" in [occasion for occasion, _ in await small.reported()]
    assert (await large.state()).status is PlanStatus.ACTIVE


@pytest.mark.full
async def test_two_debts_hold_a_customer_until_both_are_paid(debts: Debts) -> None:
    early = DunningPolicy(retry_after_days=(40,), end_plan_after_days=None)
    async with debts.policy(early):
        debtor = await debts.declined(DECLINING_CARD)
        await debtor.after(33)
    async with debts.policy(DunningPolicy(retry_after_days=(1,), end_plan_after_days=None)):
        await debtor.after(75)
    invoices = await debtor.env.invoices(debtor.customer)
    assert [invoice.status for invoice in invoices] == ["paid", "open", "open"]
    assert await debtor.status() == "suspended"

    await debtor.pays(1)
    await debtor.env.collection(invoices[1]).result()
    assert await debtor.status() == "suspended"
    await debtor.pays(2)
    await debtor.until_status("active")
