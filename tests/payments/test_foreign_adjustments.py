"""Refunds and credit notes that are made at Stripe itself are told apart from ours, and from each other."""

import pytest
import stripe

from billflow.payments import stripe_adjustments
from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.gateway import StripeGateway
from tests.payments.test_adjustments import a_note, a_refund, paid


async def test_a_refund_made_at_stripe_itself_is_told_apart_from_ours(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway, client: stripe.StripeClient
) -> None:
    invoice = await paid(gateway)
    held = await adjustments._held(invoice)
    assert held is not None
    assert held.payments is not None
    intent = held.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 500})
    await adjustments.create(a_refund(invoice, 700))
    await adjustments.create(a_note(invoice, 0, 300, 200))

    money = await adjustments.money(invoice)

    assert money is not None
    assert [one.amount for one in money.foreign_refunds] == [500]
    assert (len(money.refunds), len(money.credit_notes), money.foreign_credit_notes) == (1, 1, ())


@pytest.mark.parametrize("first", ["list_refunds", "_credit_notes"])
async def test_the_refund_of_a_note_that_is_made_while_the_lists_are_read_is_the_notes_own(
    gateway: StripeGateway, adjustments: StripeAdjustmentGateway, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    invoice, listed = await paid(gateway), getattr(stripe_adjustments, first)

    async def listed_before_a_note(*asked: object) -> object:
        answer = await listed(*asked)
        await adjustments.create(a_note(invoice, 0, 500, 0))
        return answer

    monkeypatch.setattr(stripe_adjustments, first, listed_before_a_note)

    money = await adjustments.money(invoice)

    assert money is not None
    assert money.foreign_refunds == ()
