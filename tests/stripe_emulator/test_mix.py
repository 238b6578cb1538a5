"""Bills made through every fault at once exist once and are paid once, if their maker follows the rules."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, TypeVar

import stripe
from stripe import StripeClient

from tests.sizes import sized
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with

BILLS = sized(15, 40, 40)
MIX: list[dict[str, Any]] = [
    {"fault": "status", "status": 503, "probability": 0.05},
    {"fault": "rate_limit", "probability": 0.05},
    {"fault": "fail_in_execution", "method": "POST", "probability": 0.05},
    {"fault": "reset_connection", "probability": 0.03},
    {"fault": "timeout_before_commit", "probability": 0.03},
    {"fault": "cut_response_after_commit", "probability": 0.05},
    {"fault": "html_502", "probability": 0.05},
]
Answer = TypeVar("Answer")


def is_stored(error: stripe.StripeError) -> bool:
    """Say whether the error is the lasting answer of an execution that failed."""
    headers = dict(error.headers or {})
    return error.http_status == 500 and headers.get("idempotent-replayed") == "true"


def again(call: Callable[[str], Answer], name: str) -> Answer:
    """Repeat with the same key until there is an answer, with the next version of it after a stored failure."""
    version = 1
    for _ in range(100):
        try:
            return call(f"{name}:v{version}")
        except (stripe.APIConnectionError, stripe.RateLimitError):
            continue
        except stripe.APIError as error:
            version += is_stored(error)
    raise AssertionError(name)


def _carry_out(act: Callable[..., object], invoice: str, key: str) -> object:
    return act(invoice, {}, {"idempotency_key": key})


def bill(client: StripeClient, customer: str, number: int) -> None:
    name = f"bill-{number}"
    made = again(
        lambda key: client.v1.invoices.create(
            {"customer": customer, "metadata": {"bill": name}}, {"idempotency_key": key}
        ),
        f"{name}:create",
    )
    again(
        lambda key: client.v1.invoices.add_lines(made.id, {"lines": [{"amount": 1000}]}, {"idempotency_key": key}),
        f"{name}:lines",
    )
    attempt = count()
    while (shown := again(lambda _: client.v1.invoices.retrieve(made.id), name)).status != "paid":
        service: Any = client.v1.invoices
        act = service.finalize_invoice if shown.status == "draft" else service.pay
        step = "finalize" if shown.status == "draft" else f"pay-{next(attempt)}"
        try:
            again(partial(_carry_out, act, made.id), f"{name}:{step}")
        except stripe.InvalidRequestError:
            # It was carried out under an earlier version of the key.
            continue


def test_under_a_mix_of_faults_every_bill_exists_once_and_is_paid_once(sim: Sim) -> None:
    client = sim.client()
    customer = customer_with(client)
    sim.post("/faults", requests=MIX)

    for number in range(BILLS):
        bill(client, customer.id, number)

    assert sim.get("/invariants?unique=bill") == {"broken": []}
    invoices = sim.get(f"/state?kind=invoice&key={sim.key}")["objects"]
    assert [invoice["amount_paid"] for invoice in invoices] == [1000] * BILLS
    assert sim.stored("charge") == BILLS
    struck = [entry for entry in sim.get(f"/requests?key={sim.key}")["data"] if entry["outcome"] == "refused"]
    assert struck
