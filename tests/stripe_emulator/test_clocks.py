"""Invoices that advance by themselves, on test clocks."""

import time

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.flows import customer_with, draft, event_types
from tests.waiting import PATIENCE

START = 1_767_225_600
HOUR = 3_600
DAY = 24 * HOUR


def on_a_clock(client: StripeClient, card: str = "pm_card_visa") -> tuple[str, stripe.Customer]:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START, "name": "test"})
    return clock.id, customer_with(client, card, test_clock=clock.id)


def advance(client: StripeClient, clock: str, to: int) -> None:
    """Move a clock and wait until it is ready."""
    assert client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": to}).status == "advancing"
    deadline = time.monotonic() + PATIENCE
    while client.v1.test_helpers.test_clocks.retrieve(clock).status != "ready":
        assert time.monotonic() < deadline


def test_a_draft_that_advances_is_finalised_and_charged_an_hour_later(client: StripeClient) -> None:
    clock, customer = on_a_clock(client)
    invoice = draft(client, customer.id, 900, auto_advance=True)
    assert (invoice.created, invoice.automatically_finalizes_at) == (START, START + HOUR)

    advance(client, clock, START + HOUR - 1)
    assert client.v1.invoices.retrieve(invoice.id).status == "draft"
    advance(client, clock, START + 2 * HOUR)

    after = client.v1.invoices.retrieve(invoice.id)
    assert (after.status, after.status_transitions.paid_at, after.auto_advance) == ("paid", START + HOUR, False)


def test_a_refused_charge_is_retried_on_its_days_until_it_works(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "pm_sim_flaky_2")
    invoice = draft(client, customer.id, 900, auto_advance=True)

    advance(client, clock, START + 2 * HOUR)
    first = client.v1.invoices.retrieve(invoice.id)
    assert (first.status, first.attempt_count, first.next_payment_attempt) == ("open", 1, START + HOUR + 3 * DAY)
    advance(client, clock, START + 30 * DAY)

    after = client.v1.invoices.retrieve(invoice.id)
    assert (after.status, after.attempt_count) == ("paid", 3)
    assert after.status_transitions.paid_at == START + HOUR + 3 * DAY + 5 * DAY


def test_nothing_happens_to_an_invoice_that_does_not_advance(client: StripeClient) -> None:
    clock, customer = on_a_clock(client)
    invoice = draft(client, customer.id, 900)

    advance(client, clock, START + 30 * DAY)

    assert client.v1.invoices.retrieve(invoice.id).status == "draft"


def test_an_invoice_that_was_sent_falls_due(client: StripeClient) -> None:
    clock, customer = on_a_clock(client)
    invoice = draft(client, customer.id, 900, collection_method="send_invoice", days_until_due=10)
    client.v1.invoices.send_invoice(invoice.id)

    advance(client, clock, START + 11 * DAY)

    types = event_types(client)
    assert types.index("invoice.will_be_due") < types.index("invoice.overdue")


def test_a_clock_goes_forward_only_and_by_two_years_at_most(client: StripeClient) -> None:
    clock, _ = on_a_clock(client)

    for wrong in (START, START - 1, START + 800 * DAY):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": wrong})


def test_deleting_a_clock_deletes_its_customers_with_their_invoices(client: StripeClient) -> None:
    clock, customer = on_a_clock(client)
    invoice = draft(client, customer.id, 900)
    assert [one.id for one in client.v1.customers.list({"test_clock": clock}).data] == [customer.id]

    assert client.v1.test_helpers.test_clocks.delete(clock).deleted

    assert client.v1.customers.retrieve(customer.id).to_dict()["deleted"] is True
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.retrieve(invoice.id)
    assert client.v1.test_helpers.test_clocks.list().data == []


def test_finalising_with_auto_advance_charges_at_once_even_on_a_clock_that_stands(client: StripeClient) -> None:
    _, customer = on_a_clock(client)
    invoice = draft(client, customer.id, 900)

    client.v1.invoices.finalize_invoice(invoice.id, {"auto_advance": True})

    deadline = time.monotonic() + PATIENCE
    while client.v1.invoices.retrieve(invoice.id).status != "paid":
        assert time.monotonic() < deadline
    assert client.v1.invoices.retrieve(invoice.id).status_transitions.paid_at == START
