"""Every error of Stripe's client means one of three outcomes, and says so without naming a customer."""

import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import stripe

from billflow.payments.client import stripe_client
from billflow.payments.errors import BY_CLASS, CallOutcome, fault, key_is_spent, outcome_of, retry_after
from billflow.payments.gateway import StripeGateway
from billflow.ports.payments import PaymentsRejected, PaymentsUnavailable
from stripe_emulator.engine.plan import Plan
from tests.payments.inputs import KEY, a_customer
from tests.payments.stripe_faults import IMPATIENT, LOST_RESPONSES, PATIENT, Trouble, refusal, troubled_server


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


@pytest.fixture(scope="module")
def trouble() -> Iterator[Trouble]:
    with troubled_server() as made:
        yield made


@pytest.fixture(scope="module")
async def client(trouble: Trouble) -> AsyncIterator[stripe.StripeClient]:
    async with stripe_client(KEY, trouble.server.url, timeouts=PATIENT) as made:
        yield made


@pytest.fixture(scope="module")
async def impatient(trouble: Trouble) -> AsyncIterator[stripe.StripeClient]:
    async with stripe_client(KEY, trouble.server.url, timeouts=IMPATIENT) as made:
        yield made


async def error_of(client: stripe.StripeClient, name: str = "Anna", key: str | None = None) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as raised:
        await client.v1.customers.create_async({"name": name}, {"idempotency_key": key})
    return raised.value


def test_the_table_names_every_error_that_the_client_defines() -> None:
    defined = {kind for kind in descendants(stripe.StripeError) if kind.__module__.startswith("stripe.")}

    assert BY_CLASS.keys() == defined | {stripe.StripeError}


def test_an_error_the_table_cannot_name_counts_as_unknown() -> None:
    class FromTheNextRelease(stripe.StripeError):
        pass

    assert outcome_of(FromTheNextRelease("new")) is CallOutcome.UNAVAILABLE


PLANNED = {
    "429": (refusal(429, "rate_limit"), stripe.RateLimitError),
    "429 by its code": (refusal(400, "rate_limit"), stripe.RateLimitError),
    "lock timeout": (refusal(429, "lock_timeout"), stripe.RateLimitError),
    "lock timeout as a plain 400": (refusal(400, "lock_timeout"), stripe.InvalidRequestError),
    "409": (refusal(409, "idempotency_key_in_use"), stripe.APIError),
    "500": (Plan(fails=True), stripe.APIError),
    "503": (refusal(503, "unavailable"), stripe.APIError),
    "html instead of JSON": (LOST_RESPONSES["html"], stripe.APIError),
    "broken JSON": (LOST_RESPONSES["malformed"], stripe.APIError),
    "cut answer": (LOST_RESPONSES["cut"], stripe.APIConnectionError),
    "reset connection": (LOST_RESPONSES["reset"], stripe.APIConnectionError),
}


@pytest.mark.parametrize("situation", PLANNED)
async def test_what_leaves_us_without_an_answer_is_unavailable(
    trouble: Trouble, client: stripe.StripeClient, situation: str
) -> None:
    plan, kind = PLANNED[situation]
    trouble.at("customer.create", plan)

    error = await error_of(client)

    assert type(error) is kind
    assert isinstance(fault(error), PaymentsUnavailable)
    assert not key_is_spent(error)


async def test_an_answer_that_takes_too_long_is_unavailable(trouble: Trouble, impatient: stripe.StripeClient) -> None:
    trouble.at("customer.create", LOST_RESPONSES["timeout"])

    error = await error_of(impatient)

    assert type(error) is stripe.APIConnectionError
    assert isinstance(fault(error), PaymentsUnavailable)


async def test_what_fails_on_a_connection_that_was_kept_open_is_not_asked_again(
    trouble: Trouble, client: stripe.StripeClient
) -> None:
    held = await client.v1.customers.create_async({"name": "Anna"})
    before = len(trouble.calls)
    trouble.at("customer.retrieve", LOST_RESPONSES["reset"])

    with pytest.raises(stripe.APIConnectionError):
        await client.v1.customers.retrieve_async(held.id)

    # The request that the test before gave up may come only now.
    assert [name for name, *_ in trouble.calls[before:] if name != "customer.create"] == ["customer.retrieve"]


async def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with stripe_client(KEY, f"http://127.0.0.1:{nobody.getsockname()[1]}") as client:
            with pytest.raises(PaymentsUnavailable) as refused:
                await StripeGateway(client).ensure_customer(a_customer())

    assert str(refused.value) == "Stripe gave no usable answer: ClientConnectorError on the way."


async def test_a_wrong_api_key_is_a_rejection_for_people(trouble: Trouble) -> None:
    async with stripe_client("sk_wrong", trouble.server.url) as client:
        error = await error_of(client)

    rejected = fault(error)
    assert isinstance(rejected, PaymentsRejected)
    assert rejected.stripe_code == "authentication_failed"


async def test_a_key_that_lacks_a_permission_is_a_rejection_for_people(
    trouble: Trouble, client: stripe.StripeClient
) -> None:
    trouble.at("customer.create", refusal(403, "more_permissions_required"))

    rejected = fault(await error_of(client))

    assert isinstance(rejected, PaymentsRejected)
    assert rejected.stripe_code == "more_permissions_required"


async def test_a_stored_failure_and_a_changed_request_spend_their_key(
    trouble: Trouble, client: stripe.StripeClient
) -> None:
    trouble.at("customer.create", Plan(fails=True))
    first = await error_of(client, key="stored")
    again = await error_of(client, key="stored")
    changed = await error_of(client, "Berta", key="stored")

    assert [key_is_spent(error) for error in (first, again, changed)] == [False, True, True]
    assert [outcome_of(error) for error in (again, changed)] == [CallOutcome.UNAVAILABLE, CallOutcome.REJECTED]


@pytest.mark.parametrize(("header", "seconds"), [("2.5", 2.5), ("0", 0.0), ("soon", None), ("-1", None), ("inf", None)])
def test_only_a_sensible_wait_is_passed_on(header: str, seconds: float | None) -> None:
    assert retry_after(stripe.RateLimitError("busy", headers={"Retry-After": header})) == seconds


async def test_what_people_read_has_the_request_id_and_no_address(
    trouble: Trouble, client: stripe.StripeClient
) -> None:
    plan = refusal(400, "email_invalid")
    assert plan.refusal
    plan.refusal.body = plan.refusal.body.replace(b"planned", b"Invalid email: anna@customers.example")
    trouble.at("customer.create", plan)

    error = await error_of(client)
    rejected = fault(error)

    assert isinstance(rejected, PaymentsRejected)
    assert str(rejected) == f"Invalid email: [e-mail] email_invalid (Stripe's request {error.request_id})."


async def test_the_port_raises_nothing_that_carries_what_stripe_was_told(trouble: Trouble) -> None:
    async with stripe_client(KEY, trouble.server.url, timeouts=PATIENT) as client:
        trouble.at("customer.create", refusal(400, "email_invalid"))
        with pytest.raises(PaymentsRejected) as refused:
            await StripeGateway(client).ensure_customer(a_customer())

    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
