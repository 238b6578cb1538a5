"""Test cards stand in for customers who enter and change their cards."""

import pytest

from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import DECLINING_CARD, Sandbox
from billflow.ports.payments import PaymentsRejected
from tests.payments.inputs import known


async def cards(gateway: StripeGateway, stripe_customer_id: str) -> tuple[str | None, list[str]]:
    """Return the default card and all cards of a customer."""
    customer = await gateway.client.v1.customers.retrieve_async(stripe_customer_id)
    held = await gateway.client.v1.customers.payment_methods.list_async(stripe_customer_id)
    default = customer.invoice_settings.default_payment_method if customer.invoice_settings else None
    return (default if isinstance(default, str) else None), [card.id for card in held.data]


async def test_a_new_card_takes_the_place_of_the_one_before(gateway: StripeGateway, sandbox: Sandbox) -> None:
    stripe_id = str((await known(gateway)).stripe_customer_id)

    first = await sandbox.give_card(stripe_id, DECLINING_CARD)
    second = await sandbox.give_card(stripe_id)

    assert first != second
    assert await cards(gateway, stripe_id) == (second, [second])


async def test_a_card_can_be_taken_away(gateway: StripeGateway, sandbox: Sandbox) -> None:
    stripe_id = str((await known(gateway)).stripe_customer_id)
    await sandbox.give_card(stripe_id)

    await sandbox.take_card(stripe_id)
    await sandbox.take_card(stripe_id)

    assert await cards(gateway, stripe_id) == (None, [])


async def test_a_card_the_bank_refuses_at_once_leaves_the_old_one(gateway: StripeGateway, sandbox: Sandbox) -> None:
    stripe_id = str((await known(gateway)).stripe_customer_id)
    good = await sandbox.give_card(stripe_id)

    with pytest.raises(PaymentsRejected) as refused:
        await sandbox.give_card(stripe_id, "pm_card_visa_chargeDeclined")

    assert refused.value.stripe_code == "card_declined"
    assert await cards(gateway, stripe_id) == (good, [good])
