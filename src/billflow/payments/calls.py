"""Ask Stripe one thing: with a log line that has the request id, and past keys that only replay a failure."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import stripe
import structlog

from billflow.payments import keys
from billflow.payments.errors import code_of, key_is_spent, outcome_of
from billflow.ports.payments import PaymentsUnavailable

T = TypeVar("T", bound=stripe.StripeObject)
Send = Callable[[stripe.RequestOptions], Awaitable[T]]
Look = Callable[[], Awaitable[T | None]]

GENERATIONS = 9
"""How many keys one act may use up; each one more needs another failure that Stripe has stored."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def ask(operation: str, call: Awaitable[T], key: str | None = None) -> T:
    """Await one call and log its request id, of one that succeeds for debugging only.

    Neither what is sent nor what is answered is logged.
    """
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
    log.debug(
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


async def ask_if_there(operation: str, call: Awaitable[T]) -> T | None:
    """Await one call as `ask` does; None where Stripe has no object of that id."""
    try:
        return await ask(operation, call)
    except stripe.InvalidRequestError as error:
        if code_of(error) != "resource_missing":
            raise
        return None


async def ask_all(operation: str, call: Awaitable[stripe.ListObject[T]]) -> list[T]:
    """Await a list as `ask` does, and return all of it, the newest first."""
    return [held async for held in (await ask(operation, call)).auto_paging_iter()]


async def retrieve_invoice(client: stripe.StripeClient, stripe_invoice_id: str, *expand: str) -> stripe.Invoice:
    """Return an invoice as it stands at Stripe, with what *expand* names in place of ids."""
    expanded: stripe.params.InvoiceRetrieveParams = {"expand": list(expand)}
    return await ask("invoice.retrieve", client.v1.invoices.retrieve_async(stripe_invoice_id, expanded))


def id_of(held: str | stripe.StripeObject | None) -> str | None:
    """Return the id of what Stripe names by its id or, expanded, shows whole."""
    return held if isinstance(held, str) or held is None else str(held.to_dict()["id"])


async def act_once(act: keys.Act, send: Send[T], look: Look[T], *, current: bool = False) -> T:
    """Do one thing once, whatever became of earlier tries with the same key.

    Where the key only replays a failure, `look` says whether the thing was done after all (an answer) or not
    (None: it is done under the next key). With `current` a replayed answer is looked at again in the same way,
    because people may have changed things since. Raises `StripeError`, or `PaymentsUnavailable` when every key
    is used up.
    """
    for number in range(1, GENERATIONS + 1):
        key = keys.generation(act.key, number)
        try:
            answer = await ask(act.operation, send({"idempotency_key": key}), key)
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
        f"Stripe keeps failing at {act.operation}: all {GENERATIONS} idempotency keys of {act.key} are used up; "
        "look for it at Stripe."
    )


async def act_unless_done(act: keys.Act, send: Send[T], look: Look[T], *, current: bool = False) -> T:
    """Do one thing as `act_once` does; where Stripe refuses it because it was done since, return what `look` finds."""
    try:
        return await act_once(act, send, look, current=current)
    except stripe.InvalidRequestError:
        found = await look()
        if found is None:
            raise
        return found


def _headers(answer: stripe.StripeObject) -> Mapping[str, str]:
    response = answer.last_response
    return response.headers if response else {}
