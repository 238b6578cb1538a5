"""Credit notes, refunds, void, uncollectible: rows, Stripe, plan and customer agree afterwards (rules 28)."""

import asyncio
import secrets
from typing import Any

import pytest
import stripe

from billflow.domain.adjustments import CreditReason, RefundMethod
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.adjustments import (
    AdjustmentStatus,
    CreditNoteInput,
    CreditNoteLineCreate,
    RefundInput,
    VoidInput,
)
from billflow.models.contracts.invoices import Declined, InvoiceStatus, Paid
from billflow.models.contracts.reissues import LineCorrectionCreate, ReissueInput
from billflow.payments.sandbox import GOOD_CARD
from tests.api_environment import until
from tests.collection.debts import DAY, DUE, Debtor, Debts
from tests.environment import BY_INVOICE

TOTAL = 8000


async def of(debtor: Debtor, **more: Any) -> dict[str, Any]:
    """Return what every request names: the newest invoice, who asks and when."""
    invoice = await debtor.invoice()
    who = {"org_id": debtor.env.org_id, "invoice_id": invoice.invoice_id, "actor": "tests", "at": DUE}
    return {**who, "key": secrets.token_hex(8), **more}


async def assert_agreed(debtor: Debtor) -> None:
    """Check that nothing is broken at Stripe, and that rows and Stripe hold the same money."""
    assert (await debtor.env.control("GET", "/invariants?unique=billflow_invoice"))["broken"] == []
    invoice, held = await debtor.invoice(), await debtor.at_stripe()
    assert (invoice.status, invoice.amount_paid) == (held.status, held.amount_paid)
    settled = await debtor.env.engine.repositories.adjustments.of_invoice(debtor.env.org_id, invoice.invoice_id)
    assert settled.remaining == held.amount_remaining
    owed = await debtor.credit_balance()
    customer = await debtor.env.engine.queries.customers.get(debtor.env.org_id, debtor.customer.customer_id)
    stripe_id = str(customer.billing_account.stripe_customer_id)
    at_stripe = await debtor.env.engine.stripe.v1.customers.retrieve_async(stripe_id)
    assert owed == -(at_stripe.balance or 0)


@pytest.mark.full
async def test_a_refund_asked_for_many_times_at_once_under_one_key_is_one(debts: Debts) -> None:
    debtor = await debts.customer()
    ask = RefundInput(**await of(debtor, amount=1000))

    answers = await asyncio.gather(*(debtor.env.engine.adjustments.refund(ask) for _ in range(5)))

    assert {(answer.refund_id, answer.status) for answer in answers} == {
        (answers[0].refund_id, AdjustmentStatus.SUCCEEDED)
    }
    assert (await debtor.invoice()).status is InvoiceStatus.PAID
    await assert_agreed(debtor)


@pytest.mark.full
async def test_a_key_that_refunded_one_invoice_refunds_none_on_another(debts: Debts) -> None:
    first, second = await debts.customer(), await debts.customer()
    key = secrets.token_hex(8)
    adjustments = first.env.engine.adjustments
    await adjustments.refund(RefundInput(**await of(first, amount=1000, key=key)))
    await adjustments.credit(CreditNoteInput(**await of(first, amount=500, key=key)))

    for asked in (
        adjustments.refund(RefundInput(**await of(second, amount=1000, key=key))),
        adjustments.credit(CreditNoteInput(**await of(second, amount=500, key=key))),
    ):
        with pytest.raises(InvalidInput, match="used for another invoice"):
            await asked

    await assert_agreed(second)


@pytest.mark.full
async def test_no_number_of_refunds_at_once_refunds_more_than_was_paid(debts: Debts) -> None:
    debtor = await debts.customer()
    asks = [RefundInput(**await of(debtor, amount=3000)) for _ in range(5)]

    answers = await asyncio.gather(*(debtor.env.engine.adjustments.refund(ask) for ask in asks), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["RefundRecord"] * 2 + ["Refused"] * 3
    rest = await debtor.env.engine.adjustments.refund(RefundInput(**await of(debtor)))
    assert rest.amount == TOTAL - 6000
    await assert_agreed(debtor)


async def test_a_credit_note_on_a_paid_invoice_refunds_or_goes_to_the_balance_which_the_next_invoice_uses(
    debts: Debts,
) -> None:
    debtor = await debts.customer()
    adjustments = debtor.env.engine.adjustments
    line = (await debtor.invoice()).lines[0].line_id

    back = await adjustments.credit(CreditNoteInput(**await of(debtor, amount=500, reason=CreditReason.DUPLICATE)))
    kept = await adjustments.credit(
        CreditNoteInput(
            **await of(
                debtor,
                lines=(CreditNoteLineCreate(line_id=line, amount=1500),),
                refund_method=RefundMethod.BALANCE,
                memo="Sorry.",
            )
        )
    )

    assert [(note.n, note.status, note.refund_amount, note.balance_amount) for note in (back, kept)] == [
        (1, AdjustmentStatus.SUCCEEDED, 500, 0),
        (2, AdjustmentStatus.SUCCEEDED, 0, 1500),
    ]
    assert [line.amount for line in kept.lines] == [1500]
    await assert_agreed(debtor)
    await debtor.at(DUE)
    renewal = await debtor.invoice()
    assert (renewal.total, renewal.amount_paid, renewal.balance_applied) == (TOTAL, TOTAL - 1500, 1500)
    await assert_agreed(debtor)


@pytest.mark.full
async def test_a_credit_note_over_all_that_is_open_closes_the_debt_and_ends_its_collection(debts: Debts) -> None:
    debtor = await debts.declined()

    part = await debtor.env.engine.adjustments.credit(CreditNoteInput(**await of(debtor, amount=1000)))
    assert (await debtor.invoice()).status is InvoiceStatus.OPEN
    rest = await debtor.env.engine.adjustments.credit(CreditNoteInput(**await of(debtor)))

    assert (part.before_payment, rest.before_payment) == (1000, TOTAL - 1000)
    assert await debtor.env.collection(await debtor.invoice()).result() == InvoiceStatus.PAID
    assert (await debtor.invoice()).amount_paid == 0
    await assert_agreed(debtor)


@pytest.mark.full
async def test_voiding_a_debt_closes_it_on_both_sides_and_lets_the_customer_back_in(debts: Debts) -> None:
    debtor = await debts.declined()
    await debtor.after(8)

    voided = await debtor.env.engine.adjustments.void(VoidInput(**await of(debtor)))

    assert voided.status is InvoiceStatus.VOID
    await debtor.until_status("active")

    async def is_void_at_stripe() -> bool:
        return bool((await debtor.at_stripe()).status == "void")

    await until(is_void_at_stripe)
    with pytest.raises(Refused, match="Only an open invoice"):
        await debtor.env.engine.adjustments.void(VoidInput(**await of(debtor, to=InvoiceStatus.UNCOLLECTIBLE)))


@pytest.mark.full
async def test_voiding_a_purchase_that_was_sent_means_that_the_plan_never_starts(debts: Debts) -> None:
    debtor = await debts.customer(BY_INVOICE)

    await debtor.env.engine.adjustments.void(VoidInput(**await of(debtor)))

    async def is_over() -> bool:
        return (await debtor.state()).status is PlanStatus.ENDED

    await until(is_over)


@pytest.mark.full
async def test_a_debt_given_up_by_hand_is_collected_no_more(debts: Debts) -> None:
    debtor = await debts.declined()

    await debtor.env.engine.adjustments.void(VoidInput(**await of(debtor, to=InvoiceStatus.UNCOLLECTIBLE)))

    assert await debtor.env.collection(await debtor.invoice()).result() == InvoiceStatus.UNCOLLECTIBLE
    await debtor.after(20)
    assert len((await debtor.invoice()).payment_attempts) == 1


@pytest.mark.full
async def test_an_invoice_is_paid_now_where_the_card_is_good_and_declined_where_not(debts: Debts) -> None:
    debtor = await debts.declined()
    invoice_id = (await debtor.invoice()).invoice_id

    refused = await debtor.env.engine.invoices.pay(debtor.env.org_id, invoice_id)
    assert isinstance(refused, Declined)
    record = await debtor.env.engine.queries.customers.get(debtor.env.org_id, debtor.customer.customer_id)
    stripe_id = str(record.billing_account.stripe_customer_id)
    method = await debtor.env.engine.stripe.v1.payment_methods.attach_async(GOOD_CARD, {"customer": stripe_id})
    # On the invoice only, so that no webhook is quicker than we are.
    choice: stripe.params.InvoiceUpdateParams = {"default_payment_method": method.id}
    await debtor.env.engine.stripe.v1.invoices.update_async(str((await debtor.invoice()).stripe_invoice_id), choice)

    paid = await debtor.env.engine.invoices.pay(debtor.env.org_id, invoice_id)

    assert paid == Paid(amount_paid=TOTAL)
    assert (await debtor.invoice()).status is InvoiceStatus.PAID
    with pytest.raises(Refused, match="Only an open invoice"):
        await debtor.env.engine.invoices.pay(debtor.env.org_id, invoice_id)
    await assert_agreed(debtor)


@pytest.mark.full
async def test_issuing_a_debt_again_lets_the_customer_back_in_and_collects_the_new_one_from_its_beginning(
    debts: Debts,
) -> None:
    debtor = await debts.declined()
    await debtor.after(8)
    assert await debtor.status() == "suspended"
    old = await debtor.invoice()
    line = LineCorrectionCreate(line_id=old.lines[0].line_id, licenses=5)

    ask = ReissueInput(**await of(debtor, lines=(line,)))
    new = await debtor.env.engine.adjustments.reissue(ask.model_copy(update={"at": DUE + 8 * DAY}))

    await debtor.until_status("active")

    async def has_failed() -> bool:
        return (await debtor.invoice()).next_attempt_at == DUE + 9 * DAY

    await until(has_failed)
    tried = await debtor.invoice()
    assert (tried.invoice_id, tried.status, tried.attempts) == (new.invoice_id, InvoiceStatus.OPEN, 1)
    assert [held.status for held in await debtor.env.at_stripe(debtor.customer)] == ["paid", "void", "open"]
    await debtor.new_card(GOOD_CARD)
    await debtor.after(9)
    assert ((await debtor.invoice()).status, (await debtor.invoice()).amount_paid) == (InvoiceStatus.PAID, 4000)
    await assert_agreed(debtor)
