"""Money that goes back: each refund and credit note once, whatever became of earlier tries."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billflow.domain.adjustments import CreditReason, InvoiceMoney, RefundMethod, RefundReason, credit_note, refund
from billflow.domain.errors import BillingError
from billflow.models.contracts.adjustments import (
    AdjustmentResult,
    AdjustmentStatus,
    CreditNoteRecord,
    CreditNoteToSend,
    RefundRecord,
    RefundToSend,
)
from billflow.models.contracts.invoices import InvoiceStatus, InvoiceToCollect, Paid
from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.client import stripe_client
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports.payments import PaymentsUnavailable
from stripe_emulator.server import StripeEmulator
from tests.payments.conftest import watch
from tests.payments.debts import a_debt
from tests.payments.inputs import KEY
from tests.payments.stripe_faults import LOST_RESPONSES, Trouble
from tests.sizes import further, sized
from tests.waiting import PATIENCE

NOW = datetime.now(UTC)
TOTAL = 6500


async def paid(gateway: StripeGateway) -> InvoiceToCollect:
    debt = a_debt(gateway)
    await debt.close()
    return debt.invoice


async def issued(gateway: StripeGateway) -> InvoiceToCollect:
    debt = a_debt(gateway)
    await debt.reach_customer()
    await debt.issue()
    return debt.invoice


def a_refund(invoice: InvoiceToCollect, amount: int) -> RefundToSend:
    record = RefundRecord(
        refund_id=str(uuid4()),
        invoice_id=invoice.invoice_id,
        credit_note_id=None,
        currency=invoice.currency,
        amount=amount,
        reason=RefundReason.REQUESTED_BY_CUSTOMER,
        status=AdjustmentStatus.REQUESTED,
        stripe_id=None,
        message=None,
        actor="tests",
        at=NOW,
    )
    return RefundToSend(invoice=invoice, refund=record, sent_first_at=NOW)


def a_note(invoice: InvoiceToCollect, before: int, refunded: int, balance: int) -> CreditNoteToSend:
    record = CreditNoteRecord(
        credit_note_id=str(uuid4()),
        invoice_id=invoice.invoice_id,
        n=1,
        currency=invoice.currency,
        amount=before + refunded + balance,
        before_payment=before,
        refund_amount=refunded,
        balance_amount=balance,
        reason=CreditReason.ORDER_CHANGE,
        memo="Too many licenses.",
        status=AdjustmentStatus.REQUESTED,
        stripe_id=None,
        message=None,
        actor="tests",
        at=NOW,
    )
    return CreditNoteToSend(invoice=invoice, note=record, sent_first_at=NOW)


async def test_a_refund_asked_for_again_and_again_refunds_once(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway
) -> None:
    wanted = a_refund(await paid(gateway), 1000)

    answers = [await adjustments.create(wanted) for _ in range(3)]

    assert {answer.stripe_id for answer in answers} == {answers[0].stripe_id}
    assert answers[0].status is AdjustmentStatus.SUCCEEDED
    money = await adjustments.money(wanted.invoice)
    assert money is not None
    assert money.refunds == {wanted.refund.refund_id: answers[0]}


async def test_a_refund_whose_key_is_forgotten_is_found_by_its_mark(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway, client: stripe.StripeClient
) -> None:
    wanted = a_refund(await paid(gateway), 1000)
    first = await adjustments.create(wanted)

    later = StripeAdjustmentGateway(client, lambda: NOW + timedelta(days=2))
    again = await later.create(wanted.model_copy(update={"sent_first_at": NOW - timedelta(days=1)}))

    assert again == first


async def paid_in_parts(gateway: StripeGateway, client: stripe.StripeClient, *parts: int) -> InvoiceToCollect:
    """Return an invoice that was paid in several payments, the last by card."""
    invoice = await issued(gateway)
    customer = str(invoice.customer.stripe_customer_id)
    method = await Sandbox(client, "sk_test_settling").give_card(customer)
    for part in parts:
        intent = await client.v1.payment_intents.create_async(
            {"amount": part, "currency": "usd", "customer": customer, "payment_method": method, "confirm": True}
        )
        await client.v1.invoices.attach_payment_async(str(invoice.stripe_invoice_id), {"payment_intent": intent.id})
    await gateway.collect(invoice, 1)
    return invoice


async def test_a_refund_larger_than_each_payment_is_taken_from_several_and_given_once(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway, client: stripe.StripeClient
) -> None:
    invoice = await paid_in_parts(gateway, client, 2000, 2500)
    wanted = a_refund(invoice, TOTAL - 300)

    answers = [await adjustments.create(wanted) for _ in range(3)]
    rest = await adjustments.create(a_refund(invoice, 300))
    more = await adjustments.create(a_refund(invoice, 1))

    assert [one.status for one in answers] == [AdjustmentStatus.SUCCEEDED] * 3
    assert len({one.stripe_id for one in answers}) == 1
    refunds = (await client.v1.refunds.list_async({"limit": 100})).data
    ours = [one for one in refunds if one.metadata and one.metadata["billflow_refund"] == wanted.refund.refund_id]
    assert (len(ours), sum(one.amount for one in ours)) == (3, TOTAL - 300)
    assert (rest.status, more.status) == (AdjustmentStatus.SUCCEEDED, AdjustmentStatus.REJECTED)
    money = await adjustments.money(invoice)
    assert money is not None
    assert (money.refunds[wanted.refund.refund_id], money.foreign_refunds) == (answers[0], ())


async def test_a_refund_of_several_payments_that_is_too_large_gives_nothing_back(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway, client: stripe.StripeClient
) -> None:
    invoice = await paid_in_parts(gateway, client, 2000)

    answer = await adjustments.create(a_refund(invoice, TOTAL + 1))

    assert answer.status is AdjustmentStatus.REJECTED
    money = await adjustments.money(invoice)
    assert money is not None
    assert money.refunds == {}


async def test_more_than_was_charged_is_refused_as_a_value(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway
) -> None:
    answer = await adjustments.create(a_refund(await paid(gateway), TOTAL + 1))

    assert (answer.status, answer.stripe_id) == (AdjustmentStatus.REJECTED, None)
    assert "Refund amount" in str(answer.message)


async def test_an_invoice_nobody_paid_through_stripe_cant_be_refunded_there(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway
) -> None:
    answer = await adjustments.create(a_refund(await issued(gateway), 1))

    assert answer.status is AdjustmentStatus.REJECTED
    assert "No payment of this invoice" in str(answer.message)


async def test_a_note_over_all_that_is_open_makes_the_invoice_paid(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway
) -> None:
    invoice = await issued(gateway)

    answer = await adjustments.create(a_note(invoice, TOTAL, 0, 0))

    assert answer.status is AdjustmentStatus.SUCCEEDED
    standing = await adjustments.standing(str(invoice.stripe_invoice_id))
    assert standing is not None
    assert (standing.status, standing.amount_paid) == (InvoiceStatus.PAID, 0)


async def test_an_invoice_is_given_up_once_and_may_still_be_paid(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway, client: stripe.StripeClient
) -> None:
    debt = a_debt(gateway)
    await debt.reach_customer()
    await debt.issue()

    assert [await adjustments.mark_uncollectible(debt.invoice) for _ in range(2)] == [InvoiceStatus.UNCOLLECTIBLE] * 2
    await Sandbox(client, KEY).give_card(str(debt.customer.stripe_customer_id))
    await client.v1.invoices.pay_async(str(debt.invoice.stripe_invoice_id))

    assert await adjustments.mark_uncollectible(debt.invoice) is InvoiceStatus.PAID


async def test_the_invoice_behind_a_payment_is_found(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway
) -> None:
    invoice = await paid(gateway)
    held = await adjustments._held(invoice)
    assert held is not None
    assert held.payments is not None
    intent = held.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)

    assert await adjustments.invoice_of_payment(intent.id) == invoice.stripe_invoice_id


@pytest.mark.parametrize("fault", [name for name in LOST_RESPONSES if name != "timeout"])
@pytest.mark.parametrize("operation", ["refund.create", *further("credit_note.create")])
async def test_a_faulty_stripe_refunds_once(
    troubled: StripeGateway, trouble: Trouble, fault: str, operation: str
) -> None:
    invoice = await paid(troubled)
    wanted = a_refund(invoice, 1000) if operation == "refund.create" else a_note(invoice, 0, 1000, 0)
    trouble.at(operation, LOST_RESPONSES[fault])
    adjustments = StripeAdjustmentGateway(troubled.client, trouble.now)

    answer: AdjustmentResult | None = None
    while answer is None:
        with contextlib.suppress(PaymentsUnavailable):
            answer = await adjustments.create(wanted)

    assert answer.status is AdjustmentStatus.SUCCEEDED
    held = await troubled.client.v1.charges.list_async({"customer": str(invoice.customer.stripe_customer_id)})
    assert [charge.amount_refunded for charge in held.data] == [1000]


REFUND_METHODS = {"note to the card": RefundMethod.REFUND, "note to the balance": RefundMethod.BALANCE}
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "refund", "note to the card", "note to the balance"]), st.none() | st.integers(1, TOTAL)
    ),
    max_size=5,
)


@settings(max_examples=sized(4, 12, 12), deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_whatever_the_domain_allows_stripe_does_and_both_agree_to_the_cent(
    acts: list[tuple[str, int | None]],
) -> None:
    asyncio.run(_lived(acts))


async def _lived(acts: list[tuple[str, int | None]]) -> None:
    with StripeEmulator(control=True) as server:
        async with stripe_client(KEY, server.url) as client:
            watch(client)
            gateway, adjustments = StripeGateway(client), StripeAdjustmentGateway(client)
            debt = a_debt(gateway)
            await debt.reach_customer()
            await debt.issue()
            repository = InvoiceMoney(status="open", total=TOTAL, amount_due=TOTAL)
            for name, amount in acts:
                if name == "pay" and repository.remaining:
                    await Sandbox(client, KEY).give_card(str(debt.customer.stripe_customer_id))
                    assert await gateway.collect(debt.invoice, 1) == Paid(amount_paid=repository.remaining)
                    repository = replace(repository, status="paid", amount_paid=repository.remaining)
                    continue
                try:
                    repository, wanted = _decided(repository, debt.invoice, name, amount)
                except BillingError:
                    continue
                assert (await adjustments.create(wanted)).status is AdjustmentStatus.SUCCEEDED
            standing = await adjustments.standing(str(debt.invoice.stripe_invoice_id))
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=PATIENCE) as http:
            broken = (await http.get("/_sim/invariants")).json()["broken"]
    assert standing is not None
    assert (standing.status.value, standing.amount_paid) == (repository.status, repository.amount_paid)
    assert broken == []


def _decided(
    repository: InvoiceMoney, invoice: InvoiceToCollect, name: str, amount: int | None
) -> tuple[InvoiceMoney, RefundToSend | CreditNoteToSend]:
    if name in ("pay", "refund"):
        back = refund(repository, amount)
        return replace(repository, refunded=repository.refunded + back), a_refund(invoice, back)
    note = credit_note(repository, amount, {}, REFUND_METHODS[name])
    after = replace(
        repository,
        credited=repository.credited + note.amount,
        credited_before_payment=repository.credited_before_payment + note.before_payment,
        refunded=repository.refunded + note.refund,
        refunded_by_notes=repository.refunded_by_notes + note.refund,
    )
    settled = after.status == "open" and not after.remaining
    wanted = a_note(invoice, note.before_payment, note.refund, note.balance)
    return replace(after, status="paid") if settled else after, wanted
