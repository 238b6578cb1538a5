"""What waits for webhooks, for time, or for slow banks."""

import time
from collections.abc import Callable

import pytest
import stripe

from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, draft, event_types, opened
from tests.stripe_emulator.receiver import SECRET, receiving
from tests.waiting import PATIENCE

START = 1_767_225_600
HOUR = 3_600


def until(holds: Callable[[], bool]) -> None:
    """Return once something holds; fail when it does not come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_hour_until_finalisation_starts_when_the_endpoint_knows_of_the_draft(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    sim.post("/settings", webhook_retries=[2 * HOUR])
    client = sim.client()
    customer = client.v1.customers.create({})
    with receiving() as receiver:
        receiver.responses = [500]
        sim.post("/webhooks", url=receiver.url, secret=SECRET)
        invoice = client.v1.invoices.create({"customer": customer.id, "auto_advance": True})
        until(lambda: sim.get("/deliveries")["data"][0]["next_at"] == START + 2 * HOUR)
        client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 900}]})

        def shown() -> stripe.Invoice:
            return client.v1.invoices.retrieve(invoice.id)

        sim.post("/clock", advance=HOUR)
        until(lambda: shown().automatically_finalizes_at == START + 2 * HOUR)
        sim.post("/clock", advance=HOUR)
        until(lambda: shown().webhooks_delivered_at == START + 2 * HOUR)
        assert (shown().status, shown().automatically_finalizes_at) == ("draft", START + 3 * HOUR)
        sim.post("/clock", advance=HOUR)
        until(lambda: shown().status == "open")

    assert shown().status_transitions.finalized_at == START + 3 * HOUR


def test_a_draft_that_cannot_be_finalised_says_why(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    invoice = draft(client, customer_with(client).id, auto_advance=True)

    sim.post("/clock", advance=HOUR)

    until(lambda: client.v1.invoices.retrieve(invoice.id).last_finalization_error is not None)
    assert client.v1.events.list({"type": "invoice.finalization_failed"}).data


def test_a_slow_card_takes_its_time_and_works(sim: Sim) -> None:
    client = sim.client()
    invoice = opened(client, customer_with(client, "pm_sim_slow_300").id, 900)

    started = time.monotonic()
    assert client.v1.invoices.pay(invoice.id).status == "paid"

    assert time.monotonic() - started >= 0.3


def test_an_account_without_funds_has_some_from_its_moment_on(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    invoice = opened(client, customer_with(client, f"pm_sim_insufficient_until_{START + HOUR}").id, 900)

    with pytest.raises(stripe.CardError) as poor:
        client.v1.invoices.pay(invoice.id)
    assert isinstance(poor.value.json_body, dict)
    assert poor.value.json_body["error"]["decline_code"] == "insufficient_funds"
    sim.post("/clock", advance=HOUR)

    assert client.v1.invoices.pay(invoice.id).status == "paid"


@pytest.mark.parametrize(("account", "seconds"), [("pm_failed_de", 0), ("pm_failedDelayed_at", 180)])
def test_a_bank_debit_may_be_refused_after_it_was_processing(sim: Sim, account: str, seconds: int) -> None:
    sim.post("/settings", sepa_delay=0)
    sim.post("/clock", freeze=START)
    client = sim.client()
    invoice = opened(client, customer_with(client, account).id, 900, currency="eur")

    assert client.v1.invoices.pay(invoice.id).status == "open"
    [intent] = client.v1.payment_intents.list().data
    sim.post("/clock", advance=seconds)

    until(lambda: client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method")
    [charge] = client.v1.charges.list().data
    assert (charge.status, charge.failure_code) == ("failed", "payment_method_provider_decline")
    held = client.v1.invoices.retrieve(invoice.id)
    assert (held.status, held.amount_remaining, held.attempted) == ("open", 900, True)
    assert event_types(client)[-3:] == ["charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"]


@pytest.mark.parametrize(("wish", "status"), [("pending", "succeeded"), ("failed", "failed")])
def test_a_refund_ends_after_a_while(sim: Sim, wish: str, status: str) -> None:
    sim.post("/settings", sepa_delay=0)
    client = sim.client()
    customer = customer_with(client)
    client.v1.invoices.pay(opened(client, customer.id, 900).id)
    charge = client.v1.charges.list({"customer": customer.id}).data[0]

    refund = client.v1.refunds.create({"charge": charge.id, "metadata": {"emulator_status": wish}})

    until(lambda: client.v1.refunds.retrieve(refund.id).status == status)
    assert client.v1.charges.retrieve(charge.id).amount_refunded == (900 if status == "succeeded" else 0)


def test_events_can_be_looked_up_for_thirty_days(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    client.v1.customers.create({})
    [event] = client.v1.events.list().data

    sim.post("/clock", set=START + 30 * 24 * HOUR - 1)
    assert client.v1.events.retrieve(event.id).id == event.id
    sim.post("/clock", advance=1)

    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as gone:
        client.v1.events.retrieve(event.id)
    assert gone.value.code == "resource_missing"


def test_deliveries_stop_until_a_moment(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    with receiving() as receiver:
        sim.post("/webhooks", url=receiver.url, secret=SECRET)
        sim.post("/faults", webhooks=[{"fault": "stop_delivery_until", "until": START + HOUR}])
        sim.client().v1.customers.create({})
        until(lambda: sim.get("/deliveries")["data"][0]["next_at"] == START + HOUR)
        assert receiver.bodies == []

        sim.post("/clock", set=START + HOUR)
        receiver.wait_for(1)


def test_a_fast_clock_brings_tomorrow_soon(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    invoice = draft(client, customer_with(client).id, 900, auto_advance=True)

    sim.post("/clock", speed=100_000)

    until(lambda: client.v1.invoices.retrieve(invoice.id).status == "paid")
