"""How Stripe's client fares when things go wrong: the table that was seen with the real client."""

from collections import Counter
from collections.abc import Callable

import pytest
import stripe
from stripe import StripeClient

from stripe_emulator.control.limits import PROFILES, Limiter
from stripe_emulator.server import StripeEmulator
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, opened
from tests.waiting import PATIENCE

CREATE = "customer.create"


def create(client: StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "create-ada"})


def outcomes(sim: Sim) -> list[tuple[str, int]]:
    """Return how each attempt at creating ended; every one must have carried the same key."""
    log = sim.requests(CREATE)
    assert {entry["idempotency_key"] for entry in log} == {"create-ada"}
    return [(entry["outcome"], entry["status"]) for entry in log]


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_before_execution_is_overcome_by_a_retry(sim: Sim, status: int) -> None:
    sim.breaks("status", status=status, operation=CREATE, count=1)

    assert create(sim.client(retries=2)).email == "ada@example.com"
    assert outcomes(sim) == [("refused", status), ("executed", 200)]


def test_without_retries_the_first_server_error_is_the_last(sim: Sim) -> None:
    sim.breaks("status", status=500)

    with pytest.raises(stripe.APIError) as failed:
        create(sim.client())

    assert (failed.value.http_status, len(outcomes(sim)), sim.stored("customer")) == (500, 1, 0)


def test_the_server_can_forbid_and_ask_for_retries(sim: Sim) -> None:
    sim.breaks("status", status=500, headers={"Stripe-Should-Retry": "false"}, count=1)
    with pytest.raises(stripe.APIError):
        create(sim.client(retries=2))
    sim.breaks("status", status=429, headers={"Stripe-Should-Retry": "true"}, count=1)

    create(sim.client(retries=2))

    assert outcomes(sim) == [("refused", 500), ("refused", 429), ("executed", 200)]


def test_too_many_requests_are_not_retried_by_the_client(sim: Sim) -> None:
    sim.breaks("status", status=429, headers={"Retry-After": "3"})

    with pytest.raises(stripe.RateLimitError):
        create(sim.client(retries=2))

    assert outcomes(sim) == [("refused", 429)]


def test_a_conflict_is_retried_and_ends_in_an_api_error(sim: Sim) -> None:
    sim.breaks("status", status=409)

    with pytest.raises(stripe.APIError) as failed:
        create(sim.client(retries=2))

    assert (type(failed.value), failed.value.http_status) == (stripe.APIError, 409)
    assert outcomes(sim) == [("refused", 409)] * 3


def test_a_timeout_after_the_commit_is_answered_from_the_stored_answer(sim: Sim) -> None:
    sim.breaks("timeout_after_commit", ms=3000, operation=CREATE, count=1)

    customer = create(sim.client(retries=50, timeout=1.0))

    assert customer.last_response is not None
    assert customer.last_response.headers["idempotent-replayed"] == "true"
    assert sim.stored("customer") == 1


def test_a_timeout_before_the_commit_leaves_nothing_and_frees_the_key(sim: Sim) -> None:
    sim.breaks("timeout_before_commit", ms=1, operation=CREATE, count=1)

    with pytest.raises(stripe.APIConnectionError):
        create(sim.client())

    assert sim.stored("customer") == 0
    create(sim.client())
    assert sim.stored("customer") == 1


def test_a_request_that_still_runs_holds_its_key(sim: Sim) -> None:
    sim.breaks("latency", ms=1000 * PATIENCE, operation=CREATE, count=1)

    with pytest.raises(stripe.APIError) as failed:
        create(sim.client(retries=5, timeout=1.0))

    assert isinstance(failed.value.json_body, dict)
    assert (failed.value.http_status, failed.value.json_body["error"]["code"]) == (409, "idempotency_key_in_use")
    # The first request commits in the end, and then answers for the key.
    sim.delete("/faults")
    assert create(sim.client(retries=5000)).email == "ada@example.com"


def test_an_answer_cut_off_is_not_retried_though_the_object_exists(sim: Sim) -> None:
    sim.breaks("cut_response_after_commit", operation=CREATE, count=1)

    with pytest.raises(stripe.APIConnectionError):
        create(sim.client(retries=2))

    assert sim.stored("customer") == 1
    again = create(sim.client())
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"


def test_a_connection_that_is_reset_carried_nothing_out(sim: Sim) -> None:
    sim.breaks("reset_connection", operation=CREATE, count=1)

    with pytest.raises(stripe.APIConnectionError):
        create(sim.client())

    assert sim.stored("customer") == 0


def test_a_failure_in_execution_is_stored_so_that_only_a_new_key_helps(sim: Sim) -> None:
    sim.breaks("fail_in_execution", operation=CREATE, count=1)
    client = sim.client(retries=2)

    with pytest.raises(stripe.APIError):
        create(client)

    assert outcomes(sim) == [("executed", 500), ("replayed", 500), ("replayed", 500)]
    assert sim.stored("customer") == 0
    client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "create-ada:2"})
    assert sim.stored("customer") == 1


@pytest.mark.parametrize("fault", ["html_502", "malformed_json"])
def test_an_answer_that_is_no_json_hides_an_object_that_exists(sim: Sim, fault: str) -> None:
    sim.breaks(fault, operation=CREATE, count=1)

    with pytest.raises(stripe.APIError, match="Invalid response body"):
        create(sim.client())

    assert sim.stored("customer") == 1


def test_nobody_listening_is_a_connection_error() -> None:
    with pytest.raises(stripe.APIConnectionError):
        create(client_for("http://127.0.0.1:9", retries=2))


def test_a_decline_with_the_same_key_is_the_same_decline(sim: Sim) -> None:
    client = sim.client()
    invoice = opened(client, customer_with(client, "pm_card_chargeCustomerFail").id, 900)

    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(invoice.id, {}, {"idempotency_key": "pay"})

    assert [entry["outcome"] for entry in sim.requests("invoice.pay")] == ["executed", "replayed"]


def test_a_locked_object_is_too_many_requests(sim: Sim) -> None:
    sim.breaks("lock_timeout", count=1)

    with pytest.raises(stripe.RateLimitError) as locked:
        create(sim.client())

    assert isinstance(locked.value.json_body, dict)
    assert locked.value.json_body["error"]["code"] == "lock_timeout"


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ({"path": "/v1/cust*"}, lambda client: client.v1.invoices.list()),
        ({"key": "create-*"}, lambda client: client.v1.customers.create({}, {"idempotency_key": "other"})),
        ({"method": "POST"}, lambda client: client.v1.customers.list()),
        ({"metadata": {"k": "v"}, "nth": 1}, lambda client: client.v1.customers.create({"metadata": {"k": "w"}})),
        ({"customer": "cus_x"}, lambda client: client.v1.customers.create({})),
    ],
)
def test_a_rule_strikes_only_what_it_matches(
    sim: Sim, rule: dict[str, object], other: Callable[[StripeClient], object]
) -> None:
    sim.breaks("status", status=503, **rule)

    other(sim.client())


def test_a_rate_of_faults_is_the_same_again_with_the_same_seed(sim: Sim) -> None:
    def run() -> list[int]:
        sim.post("/reset")
        sim.breaks("status", status=503, probability=0.3)
        client = sim.client()
        for _ in range(30):
            try:
                client.v1.customers.list()
            except stripe.APIError:
                continue
        return [entry["status"] for entry in sim.requests("customer.list")]

    first = run()

    assert run() == first
    assert 2 <= first.count(503) <= 18


def test_limits_of_ones_own_are_held_too(sim: Sim) -> None:
    sim.post("/settings", rate_limit={"operation": 0.001, "total": 100})
    client = sim.client()

    client.v1.customers.list()
    with pytest.raises(stripe.RateLimitError) as limited:
        client.v1.customers.list()

    assert dict(limited.value.headers or {})["stripe-rate-limited-reason"] == "endpoint-rate"
    client.v1.invoices.list()
    assert client_for(sim.url, "sk_test_somebody_else").v1.customers.list().data == []


def test_a_stale_read_shows_the_object_of_a_while_ago(sim: Sim, controlled: StripeEmulator) -> None:
    client = sim.client()
    customer = client.v1.customers.create({"name": "Ada"})
    assert controlled._runtime
    controlled._runtime.services.db.execute("UPDATE objects SET written = written - 3600")
    client.v1.customers.update(customer.id, {"name": "Grace"})

    sim.breaks("stale_read", ms=1_800_000, count=1)

    assert client.v1.customers.retrieve(customer.id).name == "Ada"
    assert client.v1.customers.retrieve(customer.id).name == "Grace"


@pytest.mark.parametrize(("profile", "pass_at_once"), [("sandbox", (25, 0, 25)), ("live", (25, 75, 100))])
def test_stripes_limits_are_held_per_operation_and_in_all(profile: str, pass_at_once: tuple[int, int, int]) -> None:
    now = 1000.0
    limiter = Limiter(PROFILES[profile], now=lambda: now)

    def passes(*operations: str) -> int:
        return [limiter.exceeded("acct", operation) for operation in operations].count(None)

    one = passes(*["invoice.pay"] * 40)
    # Refused requests take no place of their operation, but they count in all.
    others = passes(*[f"operation.{number}" for number in range(200)])
    now += 1.0

    assert (one, passes(*[f"operation.{number}" for number in range(200)])) == (pass_at_once[0], pass_at_once[2])
    assert others <= pass_at_once[1]
    assert limiter.exceeded("another account", "invoice.pay") is None


def test_one_payment_intent_is_updated_a_thousand_times_an_hour_at_most() -> None:
    now = 0.0
    limiter = Limiter(PROFILES["live"], now=lambda: now)

    def responses(path: str, times: int) -> Counter[str | None]:
        nonlocal now
        found: Counter[str | None] = Counter()
        for _ in range(times):
            now += 0.05
            found[limiter.exceeded("acct", "payment_intent.update", path)] += 1
        return found

    # What is refilled in the seconds that the thousand take.
    first = responses("/v1/payment_intents/pi_1", 1_100)
    assert first["resource-specific"] == 1_100 - 1_000 - int(1_100 * 0.05 * 1_000 / 3_600)
    assert responses("/v1/payment_intents/pi_2", 100) == {None: 100}
    now += 3_600
    assert responses("/v1/payment_intents/pi_1", 900) == {None: 900}
