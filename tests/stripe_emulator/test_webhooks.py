"""Events reach the endpoints that listen, signed, and again when they are refused."""

from pathlib import Path

from stripe import StripeClient

from stripe_emulator.engine.services import Settings
from stripe_emulator.server import StripeEmulator
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.receiver import SECRET, receiving


def test_an_endpoint_named_at_start_receives_events_of_every_account() -> None:
    with receiving() as receiver, StripeEmulator(webhook=(receiver.url, SECRET)) as server:
        for key in ("sk_test_one", "sk_test_two"):
            client_for(server.url, key).v1.customers.create({"email": f"{key}@example.com"})
        receiver.wait_for(2)

        events = receiver.events()

    assert [event.type for event in events] == ["customer.created"] * 2
    assert {event.data.object["email"] for event in events} == {"sk_test_one@example.com", "sk_test_two@example.com"}


def test_a_refused_webhook_is_sent_again_with_the_same_event_id() -> None:
    settings = Settings(webhook_retries=(0.05,))
    with receiving() as receiver, StripeEmulator(webhook=(receiver.url, SECRET), settings=settings) as server:
        receiver.responses = [500, 302]
        client = client_for(server.url)
        client.v1.customers.create({})
        receiver.wait_for(3)

        assert len({event.id for event in receiver.events()}) == 1


def test_an_endpoint_gets_the_types_it_asked_for_until_it_is_disabled(client: StripeClient) -> None:
    with receiving() as receiver:
        endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.updated"]})
        customer = client.v1.customers.create({})
        client.v1.customers.update(customer.id, {"name": "Ada"})
        receiver.wait_for(1)
        assert endpoint.secret is not None
        assert [event.type for event in receiver.events(endpoint.secret)] == ["customer.updated"]

        client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
        client.v1.customers.update(customer.id, {"name": "Grace"})

        assert [event.pending_webhooks for event in client.v1.events.list({"type": "customer.updated"}).data] == [0, 0]
        assert client.v1.webhook_endpoints.retrieve(endpoint.id).to_dict().get("secret") is None


def test_missed_events_can_be_listed(client: StripeClient) -> None:
    client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/nobody", "enabled_events": ["customer.created"]})
    client.v1.customers.create({})

    missed = client.v1.events.list({"delivery_success": False}).data

    assert [event.type for event in missed] == ["customer.created"]


def test_events_wait_in_the_file_for_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "stripe.db"
    with receiving() as receiver:
        quickly = Settings(webhook_retries=(0.05,))
        with StripeEmulator(file, webhook=("http://127.0.0.1:9/nobody", SECRET), settings=quickly) as server:
            client_for(server.url).v1.customers.create({"email": "ada@example.com"})
        with StripeEmulator(file, webhook=(receiver.url, SECRET)) as server:
            client_for(server.url).v1.customers.create({"email": "grace@example.com"})
            receiver.wait_for(2)
            emails = [customer.email for customer in client_for(server.url).v1.customers.list().data]

    assert {event.data.object["email"] for event in receiver.events()} == set(emails)
    assert emails == ["grace@example.com", "ada@example.com"]


def test_a_slow_endpoint_does_not_hold_up_the_others() -> None:
    with receiving() as slow, receiving() as quick, StripeEmulator() as server:
        slow.free.clear()
        client = client_for(server.url)
        for receiver in (slow, quick):
            client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})

        for _ in range(3):
            client.v1.customers.create({})
        quick.wait_for(3)

        assert slow.bodies == []
        slow.free.set()
        slow.wait_for(3)
