"""Ask Stripe one thing: with a log line that has the request id, and past keys that only replay a failure."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import stripe
import structlog

from billflow.payments import keys
from billflow.payments.errors import code_of, key_is_spent, outcome_of
from billflow.ports.payments import PaymentsUnavailable

T = TypeVar("T", bound=stripe.StripeObject)
Act = Callable[[stripe.RequestOptions], Awaitable[T]]
Look = Callable[[], Awaitable[T | None]]

GENERATIONS = 9
"""How many keys one act may use up; each one more needs another failure that Stripe has stored."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def ask(operation: str, call: Awaitable[T], key: str | None = None) -> T:
    """Await one call and log its request id; neither what is sent nor what is answered is logged."""
    try:
        answer = await call
    except stripe.StripeError as error:
        log.warning(
            "stripe refused or failed",
            operation=operation,
            key=key,
            request_id=error.request_id,
            http_status=error.http_status,
            code=code_of(error),
            outcome=outcome_of(error),
        )
        raise
    log.info(
        "stripe answered",
        operation=operation,
        key=key,
        request_id=_headers(answer).get("request-id"),
        replayed=is_replayed(answer),
    )
    return answer


def is_replayed(answer: stripe.StripeObject) -> bool:
    """Tell whether Stripe repeats what it answered to an earlier request, however things are now."""
    return _headers(answer).get("idempotent-replayed") == "true"


async def act_once(operation: str, key: str, act: Act[T], look: Look[T], *, current: bool = False) -> T:
    """Do one thing once, whatever became of earlier tries with the same key.

    Where the key only replays a failure, `look` says whether the thing was done after all (an answer) or not
    (None: it is done under the next key). With `current` a replayed answer is looked at again in the same way,
    because people may have changed things since. Raises `StripeError`, or `PaymentsUnavailable` when every key
    is used up.
    """
    for number in range(1, GENERATIONS + 1):
        name = keys.generation(key, number)
        try:
            answer = await ask(operation, act({"idempotency_key": name}), name)
        except stripe.StripeError as error:
            if not key_is_spent(error):
                raise
        else:
            if not (current and is_replayed(answer)):
                return answer
        found = await look()
        if found is not None:
            return found
    raise PaymentsUnavailable(
        f"Stripe keeps failing at {operation}: all {GENERATIONS} idempotency keys of {key} are used up; "
        "look for it at Stripe."
    )


def _headers(answer: stripe.StripeObject) -> Mapping[str, str]:
    response = answer.last_response
    return response.headers if response else {}
