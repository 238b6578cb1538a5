"""What happens at Stripe itself reaches the records: twice, late, out of order, or without a mark of ours."""

import asyncio
from typing import Any

import pytest
import stripe

from billflow.models.contracts.adjustments import AdjustmentStatus, InvoiceAdjustments
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.api_environment import API_KEY, until
from tests.collection.debts import BANK_SECONDS, DUE, Debtor, Debts
from tests.environment import BY_INVOICE, Environment
from tests.waiting import PATIENCE


async def adjustments(debtor: Debtor) -> InvoiceAdjustments:
    """Return the credit notes and refunds of the newest invoice."""
    invoice = await debtor.invoice()
    return await debtor.env.engine.repositories.adjustments.of_invoice(debtor.env.org_id, invoice.invoice_id)


async def payment_of(debtor: Debtor) -> str:
    """Return the payment intent of the newest invoice."""
    expand: stripe.params.InvoiceRetrieveParams = {"expand": ["payments"]}
    invoice = await debtor.invoice()
    held = await debtor.env.engine.stripe.v1.invoices.retrieve_async(str(invoice.stripe_invoice_id), expand)
    assert held.payments is not None
    return str(held.payments.data[0].payment.payment_intent)


async def stripe_customer(debtor: Debtor) -> str:
    """Return the id of the customer at Stripe."""
    record = await debtor.env.engine.queries.customers.get(debtor.env.org_id, debtor.customer.customer_id)
    return str(record.billing_account.stripe_customer_id)


async def replay(debtor: Debtor, kind: str, times: int = 3) -> None:
    """Have Stripe send its events of a kind again."""
    events = await debtor.env.engine.stripe.v1.events.list_async({"type": kind})
    for event in events.data[:1]:
        for _ in range(times):
            await debtor.env.control("POST", f"/events/{event.id}/replay")


async def test_a_payment_tells_where_stripe_holds_an_invoice_whose_sender_never_received_it(debts: Debts) -> None:
    env = debts.env
    customer = await env.subscriber(card=None)
    lost = [
        {"fault": "cut_response_after_commit", "operation": "invoice.finalize"},
        {"fault": "status", "status": 500, "operation": "invoice.list"},
    ]
    await env.control("POST", "/faults", requests=lost)
    buying = asyncio.create_task(env.buy(customer, BY_INVOICE))
    held = await _open_at_stripe(env, customer)
    await env.engine.stripe.v1.invoices.pay_async(held["id"], {"paid_out_of_band": True})
    await buying

    async def is_paid() -> bool:
        return (await env.invoices(customer))[0].status is InvoiceStatus.PAID

    await until(is_paid)
    [invoice] = await env.invoices(customer)
    await env.control("DELETE", "/faults")

    assert (invoice.status, invoice.stripe_invoice_id) == (InvoiceStatus.PAID, held["id"])
    assert (invoice.number, invoice.amount_due) == (held["number"], held["amount_due"])


async def _open_at_stripe(env: Environment, customer: CustomerRecord) -> dict[str, Any]:
    """Wait until Stripe holds an open invoice of the customer's, and return it."""
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        held = (await env.control("GET", "/state?kind=invoice"))["objects"]
        ours = {"billflow_customer": customer.customer_id}.items()
        found.extend(one for one in held if one["status"] == "open" and ours <= one["metadata"].items())
        return bool(found)

    await until(is_there)
    return found[0]


async def test_a_refund_made_in_the_dashboard_is_taken_over_once(debts: Debts) -> None:
    debtor = await debts.customer()
    refund: stripe.params.RefundCreateParams = {"payment_intent": await payment_of(debtor), "amount": 700}
    made = await debtor.env.engine.stripe.v1.refunds.create_async(refund)

    async def is_known() -> bool:
        return bool((await adjustments(debtor)).refunds)

    await until(is_known)
    await replay(debtor, "charge.refunded")
    known = (await adjustments(debtor)).refunds
    assert [(one.amount, one.status, one.stripe_id, one.actor) for one in known] == [
        (700, AdjustmentStatus.SUCCEEDED, made.id, "stripe")
    ]
    assert (await adjustments(debtor)).refundable == 8000 - 700


@pytest.mark.full
async def test_a_refund_that_fails_later_can_be_made_again(debts: Debts) -> None:
    debtor = await debts.customer()
    refund: stripe.params.RefundCreateParams = {
        "payment_intent": await payment_of(debtor),
        "amount": 700,
        "metadata": {"emulator_status": "pending"},
    }
    await debtor.env.control("POST", "/settings", sepa_delay=10 * PATIENCE)
    made = await debtor.env.engine.stripe.v1.refunds.create_async(refund)
    await debtor.env.control("POST", "/settings", sepa_delay=BANK_SECONDS)

    async def is_known() -> bool:
        return bool((await adjustments(debtor)).refunds)

    await until(is_known)
    assert (await adjustments(debtor)).refundable == 8000 - 700
    await debtor.env.engine.stripe.v1.refunds.cancel_async(made.id)

    async def is_undone() -> bool:
        return (await adjustments(debtor)).refundable == 8000

    await until(is_undone)
    assert [one.status for one in (await adjustments(debtor)).refunds] == [AdjustmentStatus.FAILED]


@pytest.mark.full
async def test_a_credit_note_made_in_the_dashboard_is_taken_over_with_its_refund_and_its_balance(debts: Debts) -> None:
    debtor = await debts.customer()
    stripe_invoice_id = str((await debtor.invoice()).stripe_invoice_id)
    note: stripe.params.CreditNoteCreateParams = {
        "invoice": stripe_invoice_id,
        "amount": 1000,
        "refund_amount": 400,
        "credit_amount": 600,
    }
    await debtor.env.engine.stripe.v1.credit_notes.create_async(note)

    async def is_known() -> bool:
        return bool((await adjustments(debtor)).credit_notes)

    await until(is_known)
    await replay(debtor, "credit_note.created")
    known = await adjustments(debtor)
    assert [(one.refund_amount, one.balance_amount, one.status) for one in known.credit_notes] == [
        (400, 600, AdjustmentStatus.SUCCEEDED)
    ]
    assert [one.amount for one in known.refunds] == [400]
    owed = await debtor.credit_balance()
    assert owed == 600


async def test_a_dispute_is_kept_and_flags_the_invoice_until_it_is_won(debts: Debts) -> None:
    debtor = await debts.customer()
    dispute: dict[str, Any] = {
        "id": "dp_1",
        "object": "dispute",
        "payment_intent": await payment_of(debtor),
        "amount": 8000,
        "currency": "usd",
        "reason": "fraudulent",
    }

    async def report(kind: str, status: str) -> None:
        reported = {**dispute, "status": status}
        await debtor.env.control("POST", "/events", type=kind, object=reported, key=API_KEY)

    async def is_flagged() -> bool:
        return (await debtor.invoice()).attention is not None

    async def is_over() -> bool:
        return (await debtor.invoice()).attention is None

    await report("charge.dispute.created", "needs_response")
    await until(is_flagged)
    assert (await debtor.invoice()).attention == "disputed: fraudulent, needs_response"
    await report("charge.dispute.closed", "won")
    await until(is_over)


async def test_a_card_entered_on_the_page_becomes_the_default_and_pays_what_is_open(debts: Debts) -> None:
    debtor = await debts.declined()
    link = await debtor.env.engine.invoices.card_link(
        debtor.env.org_id, debtor.customer.customer_id, "http://127.0.0.1/back"
    )

    await debtor.env.control("POST", f"/checkout/{link.rpartition('/')[2]}/complete", payment_method=GOOD_CARD)

    assert await debtor.env.collection(await debtor.invoice()).result() == InvoiceStatus.PAID


@pytest.mark.full
async def test_a_card_chosen_in_the_portal_pays_what_is_open(debts: Debts) -> None:
    debtor = await debts.declined()
    link = await debtor.env.engine.invoices.portal_link(
        debtor.env.org_id, debtor.customer.customer_id, "http://127.0.0.1/back"
    )

    await debtor.env.control("POST", f"/portal/{link.rpartition('/')[2]}/set_default", payment_method=GOOD_CARD)

    assert await debtor.env.collection(await debtor.invoice()).result() == InvoiceStatus.PAID


@pytest.mark.full
async def test_another_bad_card_is_tried_once_and_the_policy_goes_on_as_before(debts: Debts) -> None:
    debtor = await debts.declined()

    await debtor.new_card(DECLINING_CARD)

    async def is_tried() -> bool:
        return len((await debtor.invoice()).payment_attempts) == 2

    await until(is_tried)
    await replay(debtor, "customer.updated")
    await debtor.after(2)
    assert len((await debtor.invoice()).payment_attempts) == 3


@pytest.mark.full
async def test_a_customer_deleted_at_stripe_gets_a_new_one_with_its_next_invoice(debts: Debts) -> None:
    debtor = await debts.customer()
    first = await stripe_customer(debtor)
    await debtor.env.engine.stripe.v1.customers.delete_async(first)

    async def is_erased() -> bool:
        return await stripe_customer(debtor) == "None"

    await until(is_erased)
    await debtor.at(DUE)

    assert await stripe_customer(debtor) not in (first, "None")
    assert (await debtor.invoice()).status is InvoiceStatus.OPEN


@pytest.mark.full
async def test_a_payment_reported_twice_and_after_its_end_changes_nothing_more(debts: Debts) -> None:
    debtor = await debts.declined()
    await debtor.pays()
    paid = await debtor.invoice()

    for kind in ("invoice.paid", "invoice.payment_failed", "invoice.finalized"):
        await replay(debtor, kind)
    await debtor.after(20)

    after = await debtor.invoice(1)
    assert (after.status, after.paid_at, after.amount_paid) == (paid.status, paid.paid_at, paid.amount_paid)
