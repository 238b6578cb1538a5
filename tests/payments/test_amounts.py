"""Amounts cross to Stripe and back without losing a cent that can be charged."""

from fractions import Fraction

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.currencies import CURRENCIES
from billflow.payments.amounts import from_stripe, lines_to_stripe, to_stripe
from billflow.payments.gateway import StripeGateway
from stripe_emulator.engine import money
from tests.payments.inputs import an_invoice, known

AMOUNTS = st.integers(-(10**9), 10**9)
CODES = st.sampled_from(sorted(CURRENCIES))
SPECIAL = ("BHD", "HUF", "ISK", "JPY", "KWD", "MGA", "TWD", "UGX")


@pytest.mark.parametrize(
    ("currency", "ours", "stripes"),
    [
        ("USD", 1999, 1999),
        ("JPY", 500, 500),
        ("HUF", 20_045, 20_045),
        ("TWD", 80_045, 80_045),
        ("ISK", 5, 500),
        ("UGX", 3700, 370_000),
        ("MGA", 123_400, 1234),
        ("KWD", 5124, 5120),
        ("KWD", 5125, 5130),
        ("BHD", -5124, -5120),
    ],
)
def test_stripes_special_currencies(currency: str, ours: int, stripes: int) -> None:
    assert to_stripe(ours, currency) == stripes


@given(AMOUNTS, CODES)
def test_whole_steps_cross_to_stripe_and_back_unchanged(amount: int, code: str) -> None:
    ours = amount * CURRENCIES[code].step

    assert to_stripe(ours, code) == ours * CURRENCIES[code].stripe_factor
    assert from_stripe(to_stripe(ours, code), code) == ours


@given(st.lists(AMOUNTS, max_size=30), CODES)
def test_lines_add_up_to_the_charge_and_each_can_be_charged(amounts: list[int], code: str) -> None:
    sent = lines_to_stripe(amounts, code)

    assert sum(sent) == to_stripe(sum(amounts), code)
    assert all(amount % money.STEPS.get(code.lower(), 1) == 0 for amount in sent)
    assert len(sent) == len(amounts)


def test_every_currency_means_the_same_here_and_at_the_emulator() -> None:
    assert {code.lower() for code in CURRENCIES} == set(money.DECIMALS)
    for code, ours in CURRENCIES.items():
        name, factor = code.lower(), ours.stripe_factor
        assert factor == Fraction(10) ** (money.DECIMALS[name] - ours.decimals), code
        assert money.STEPS.get(name, 1) == max(ours.step * factor, Fraction(1)), code
        assert ours.maximum * factor <= money.maximum_charge(name) < (ours.maximum + ours.step) * factor, code
        assert money.minimum_charge(name) == ours.minimum * factor, code


@pytest.mark.parametrize("code", SPECIAL)
async def test_the_most_and_the_least_of_a_currency_are_charged_and_no_more(
    gateway: StripeGateway, client: stripe.StripeClient, code: str
) -> None:
    limits = CURRENCIES[code]
    customer = await known(gateway, currency=code)
    for amount in (limits.minimum, limits.maximum):
        issued = await gateway.issue(an_invoice(customer, amount))
        assert issued.amount_due == amount
    held = await client.v1.invoices.create_async(
        {"customer": str(customer.stripe_customer_id), "currency": code.lower()}
    )
    more = to_stripe(limits.maximum + limits.step, code)
    await client.v1.invoices.add_lines_async(held.id, {"lines": [{"amount": more, "description": "x"}]})

    with pytest.raises(stripe.InvalidRequestError, match="no more than"):
        await client.v1.invoices.finalize_invoice_async(held.id, {})


@pytest.mark.parametrize(("code", "amount"), [("KWD", 15), ("ISK", 150), ("UGX", 10), ("BHD", 1)])
async def test_the_emulator_refuses_what_is_no_whole_step(
    gateway: StripeGateway, client: stripe.StripeClient, code: str, amount: int
) -> None:
    customer = str((await known(gateway, currency=code)).stripe_customer_id)
    held = await client.v1.invoices.create_async({"customer": customer, "currency": code.lower()})

    with pytest.raises(stripe.InvalidRequestError, match="must be a multiple of"):
        await client.v1.invoices.add_lines_async(held.id, {"lines": [{"amount": amount, "description": "x"}]})
    with pytest.raises(stripe.InvalidRequestError, match="must be a multiple of"):
        await client.v1.customers.balance_transactions.create_async(
            customer, {"amount": -amount, "currency": code.lower()}
        )
