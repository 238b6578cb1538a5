"""The control plane: clock, customers' acts, webhooks that go wrong, and invariants."""

import httpx
import pytest
import stripe

from stripe_emulator.server import StripeEmulator
from tests.sizes import further
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, draft, event_types, opened
from tests.stripe_emulator.receiver import SECRET, receiving
from tests.waiting import PATIENCE

START = 1_767_225_600
DAY = 86_400


def test_without_control_nobody_can_steer(emulator: StripeEmulator) -> None:
    assert httpx.get(f"{emulator.url}/_sim/state", timeout=PATIENCE).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "rebound.example:80"},
        {"Host": "127.0.0.1.rebound.example"},
        {"Host": "10.0.0.7"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_sim/reset"), *further(("GET", "/_sim/state"), ("GET", "/"), ("GET", "/v1/events"))],
)
def test_a_page_elsewhere_can_not_make_a_browser_steer(
    sim: Sim, headers: dict[str, str], method: str, path: str
) -> None:
    customer = sim.client().v1.customers.create({})

    answer = httpx.request(method, f"{sim.url}{path}", headers=headers, timeout=PATIENCE)

    assert answer.status_code == 403
    assert sim.client().v1.customers.retrieve(customer.id).id == customer.id


def test_the_emulators_own_pages_may_be_asked_by_each_of_its_names(sim: Sim) -> None:
    port = httpx.URL(sim.url).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert httpx.get(f"{sim.url}/_sim/state", headers=headers, timeout=PATIENCE).status_code == 200


def test_a_frozen_clock_stands_until_it_is_moved(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    first = client.v1.customers.create({})
    sim.post("/clock", advance=DAY)
    second = client.v1.customers.create({})

    assert (first.created, second.created) == (START, START + DAY)
    assert sim.post("/clock", reset=True)["now"] > START + DAY


def test_a_key_is_new_again_after_a_day(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    first = client.v1.customers.create({}, {"idempotency_key": "key"})
    sim.post("/clock", advance=DAY - 1)
    assert client.v1.customers.create({}, {"idempotency_key": "key"}).id == first.id
    sim.post("/clock", advance=2)

    assert client.v1.customers.create({}, {"idempotency_key": "key"}).id != first.id


def test_invoices_advance_with_the_servers_clock_too(sim: Sim) -> None:
    sim.post("/clock", freeze=START)
    client = sim.client()
    invoice = draft(client, customer_with(client).id, 900, auto_advance=True)

    sim.post("/clock", advance=DAY)

    for _ in range(200):
        if client.v1.invoices.retrieve(invoice.id).status == "paid":
            return
    pytest.fail("the invoice was not paid")


@pytest.mark.parametrize(("success", "status"), [(True, "paid"), (False, "open")])
def test_a_customer_authenticates_a_payment_or_refuses(sim: Sim, *, success: bool, status: str) -> None:
    client = sim.client()
    invoice = opened(client, customer_with(client, "pm_card_authenticationRequired").id, 900)
    with pytest.raises(stripe.CardError) as asked:
        client.v1.invoices.pay(invoice.id, {"off_session": False})
    assert isinstance(asked.value.json_body, dict)
    intent = asked.value.json_body["error"]["payment_intent"]

    sim.post(f"/payment_intents/{intent['id']}/authenticate", success=success)

    assert client.v1.invoices.retrieve(invoice.id).status == status


def test_a_checkout_is_completed_and_its_card_is_saved(sim: Sim) -> None:
    client = sim.client()
    customer = client.v1.customers.create({"email": "ada@example.com"})
    session = client.v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "success_url": "https://example.com/{CHECKOUT_SESSION_ID}"}
    )

    sim.post(f"/checkout/{session.id}/complete", payment_method="pm_card_mastercard")

    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent.payment_method"]})
    assert done.status == "complete"
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    assert isinstance(done.setup_intent.payment_method, stripe.PaymentMethod)
    assert done.setup_intent.payment_method.card is not None
    assert done.setup_intent.payment_method.card.brand == "mastercard"
    assert event_types(client)[-3:] == [
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_customer_chooses_a_card_in_the_portal(sim: Sim) -> None:
    client = sim.client()
    customer = client.v1.customers.create({})
    session = client.v1.billing_portal.sessions.create({"customer": customer.id})

    sim.post(f"/portal/{session.id}/set_default", payment_method="pm_card_visa")

    invoice = opened(client, customer.id, 900)
    assert client.v1.invoices.pay(invoice.id).status == "paid"


@pytest.mark.parametrize(
    ("rule", "arrive"),
    [({"fault": "duplicate", "times": 3}, 3), ({"fault": "delay", "ms": 50}, 1), ({"fault": "reorder", "ms": 50}, 1)],
)
def test_webhooks_come_late_or_more_than_once(sim: Sim, rule: dict[str, object], arrive: int) -> None:
    with receiving() as receiver:
        sim.post("/webhooks", url=receiver.url, secret=SECRET)
        sim.post("/faults", webhooks=[rule])
        sim.client().v1.customers.create({})
        receiver.wait_for(arrive)

        assert len({event.id for event in receiver.events()}) == 1


@pytest.mark.parametrize("fault", ["bad_signature", "old_timestamp"])
def test_webhooks_with_a_wrong_signature_are_recognised(sim: Sim, fault: str) -> None:
    with receiving() as receiver:
        sim.post("/webhooks", url=receiver.url, secret=SECRET)
        sim.post("/faults", webhooks=[{"fault": fault, "count": 1}])
        sim.client().v1.customers.create({})
        receiver.wait_for(1)

        with pytest.raises(stripe.SignatureVerificationError):
            receiver.events()


def test_a_lost_webhook_is_found_in_the_list_and_sent_again(sim: Sim) -> None:
    with receiving() as receiver:
        sim.post("/webhooks", url=receiver.url, secret=SECRET)
        sim.post("/faults", webhooks=[{"fault": "drop", "event": "customer.*", "count": 1}])
        client = sim.client()
        client.v1.customers.create({"name": "lost"})
        while sim.get("/state")["deliveries"].get("failed") != 1:
            continue
        missed = client.v1.events.list({"delivery_success": False}).data

        assert sim.post(f"/events/{missed[0].id}/replay") == {"deliveries": 1}
        receiver.wait_for(1)
        assert [event.id for event in receiver.events()] == [missed[0].id]
        assert sim.get("/deliveries")["data"][0]["state"] in ("pending", "delivered")


def test_events_of_what_is_not_simulated_can_be_made_up(sim: Sim) -> None:
    client = client_for(sim.url, "sk_test_disputes")
    dispute = {"id": "dp_1", "object": "dispute", "amount": 900}

    made = sim.post("/events", key="sk_test_disputes", type="charge.dispute.created", object=dispute)

    assert httpx.get(f"{sim.url}/v1/events/{made['id']}", auth=("sk_test_disputes", ""), timeout=PATIENCE).json()[
        "data"
    ] == {"object": dispute}
    assert client.v1.customers.list().data == []


def test_bad_bodies_are_answered_by_one_sentence(sim: Sim) -> None:
    for path, body in (
        ("/faults", {"requests": [{"fault": "explode"}]}),
        ("/clock", {"halt": 1}),
        ("/settings", {"rate_limit": "none"}),
        ("/checkout/cs_test_x/complete", {}),
    ):
        answer = httpx.post(f"{sim.url}/_sim{path}", json=body, timeout=PATIENCE)
        assert answer.status_code in (400, 404)
        assert answer.json()["error"]["message"]


def test_invariants_name_what_is_broken(sim: Sim) -> None:
    client = sim.client()
    customer = customer_with(client)
    client.v1.invoices.pay(opened(client, customer.id, 900, metadata={"engine": "1"}).id)
    assert sim.get("/invariants?unique=engine") == {"broken": []}

    opened(client, customer.id, 900, metadata={"engine": "1"})

    assert sim.get("/invariants?unique=engine")["broken"] == ["2 objects of kind invoice have metadata engine=1"]
    assert len(sim.get(f"/state?kind=invoice&key={sim.key}")["objects"]) == 2


def test_settings_change_what_the_simulation_does(sim: Sim) -> None:
    sim.post("/settings", minimum_charges={"usd": 1000})
    client = sim.client()

    small = opened(client, customer_with(client).id, 900)

    sim.post("/settings", minimum_charges={})
    assert (small.status, small.ending_balance) == ("paid", 900)


def test_an_object_is_deleted_as_if_it_had_never_been(sim: Sim) -> None:
    client = sim.client()
    invoice = opened(client, customer_with(client).id, 900)

    sim.delete(f"/objects/{invoice.id}")

    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.invoices.retrieve(invoice.id)
    assert missing.value.code == "resource_missing"
