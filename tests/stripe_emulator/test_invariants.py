"""Whatever is done to invoices, in whatever order: sums, dues and balances agree."""

from collections.abc import Callable
from typing import Any

import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe import StripeClient

from tests.sizes import sized
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, draft

CURRENCIES = ("usd", "eur", "gbp", "jpy")
AMOUNTS = st.integers(min_value=-500, max_value=3000)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["item", "finalize", "pay", "elsewhere", "credit", "note_back", "refund", "void", "lose", "part"]
        ),
        st.integers(min_value=1, max_value=2500),
    ),
    min_size=3,
    max_size=8,
)
Step = Callable[[StripeClient, stripe.Invoice, int], object]


def refund(client: StripeClient, invoice: stripe.Invoice, amount: int) -> None:
    for charge in client.v1.charges.list({"customer": str(invoice.customer)}).data:
        client.v1.refunds.create({"charge": charge.id, "amount": amount})


def pay_a_part(client: StripeClient, invoice: stripe.Invoice, amount: int) -> None:
    customer = str(invoice.customer)
    method = client.v1.payment_methods.list({"customer": customer}).data[0].id
    params: Any = {"amount": amount, "currency": invoice.currency, "customer": customer}
    params |= {"payment_method": method, "confirm": True}
    intent = client.v1.payment_intents.create(params)
    client.v1.invoices.attach_payment(invoice.id, {"payment_intent": intent.id})


def credit_back(client: StripeClient, invoice: stripe.Invoice, amount: int) -> None:
    half = amount // 2
    params: Any = {"invoice": invoice.id, "amount": amount, "credit_amount": half, "refund_amount": amount - half}
    client.v1.credit_notes.create(params)


DO: dict[str, Step] = {
    "item": lambda client, invoice, amount: client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": amount}]}),
    "finalize": lambda client, invoice, _: client.v1.invoices.finalize_invoice(invoice.id),
    "pay": lambda client, invoice, _: client.v1.invoices.pay(invoice.id),
    "elsewhere": lambda client, invoice, _: client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True}),
    "credit": lambda client, invoice, amount: client.v1.credit_notes.create({"invoice": invoice.id, "amount": amount}),
    "note_back": credit_back,
    "refund": refund,
    "void": lambda client, invoice, _: client.v1.invoices.void_invoice(invoice.id),
    "lose": lambda client, invoice, _: client.v1.invoices.mark_uncollectible(invoice.id),
    "part": pay_a_part,
}


@settings(max_examples=sized(4, 12, 12), deadline=None, suppress_health_check=list(HealthCheck))
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=3), steps=STEPS, currency=st.sampled_from(CURRENCIES))
def test_no_sequence_of_steps_breaks_an_invariant(
    sim: Sim, amounts: list[int], steps: list[tuple[str, int]], currency: str
) -> None:
    sim.post("/reset")
    client = client_for(sim.url, sim.key, checked=False)
    customer = customer_with(client, "pm_sim_flaky_1")
    invoice = draft(client, customer.id, *amounts, currency=currency)

    for name, amount in steps:
        try:
            DO[name](client, invoice, amount)
        except (stripe.InvalidRequestError, stripe.CardError):
            continue

    assert sim.get("/invariants") == {"broken": []}
