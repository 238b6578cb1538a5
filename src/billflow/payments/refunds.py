"""Make a refund at Stripe: of one payment, or of several where none of them alone was that large."""

from collections.abc import Sequence

import stripe

from billflow.models.contracts.adjustments import AdjustmentStatus, RefundToSend
from billflow.payments import keys
from billflow.payments.amounts import to_stripe
from billflow.payments.calls import act_once, id_of
from billflow.payments.stripe_adjustments import find_refund, list_refunds, refund_params, status_of
from billflow.ports.payments import PaymentsRejected


async def make_refund(
    client: stripe.StripeClient, wanted: RefundToSend, intents: Sequence[stripe.PaymentIntent], *, look_first: bool
) -> list[stripe.Refund]:
    """Return the refund in its parts, one for each payment it takes; asked again, it makes what is missing.

    Raises `StripeError` where more is wanted than can be given back, before any of it is, and `PaymentsRejected` where
    nothing was paid through Stripe.
    """
    if not intents:
        raise PaymentsRejected(
            "No payment of this invoice went through Stripe; pay it back in the way it was paid, and record that as a "
            "refund with an out_of_band_reference.",
            code="nothing_paid",
        )
    amount = to_stripe(wanted.refund.amount, wanted.refund.currency)
    if len(intents) == 1:
        known = await find_refund(client, intents, wanted.refund.refund_id) if look_first else None
        return [known or await _part(client, wanted, intents[0], amount)]
    given = [one for one in await list_refunds(client, intents) if status_of(one) is not AdjustmentStatus.FAILED]
    made = [one for one in given if keys.is_marked(one, {keys.REFUND: wanted.refund.refund_id})]
    missing = amount - sum(one.amount for one in made)
    for intent, part in _shares(intents, given, missing):
        made.append(await _part(client, wanted, intent, part, intent.id))
    return made


def _shares(
    intents: Sequence[stripe.PaymentIntent], given: Sequence[stripe.Refund], amount: int
) -> list[tuple[stripe.PaymentIntent, int]]:
    """Divide an amount among payments, those with most left first; what nobody has left is asked of the first."""
    left = {intent.id: intent.amount_received - sum(_of(one, intent) for one in given) for intent in intents}
    if amount > sum(left.values()):
        return [(intents[0], amount)]
    shares = []
    for intent in sorted(intents, key=lambda one: -left[one.id]):
        part = min(amount, left[intent.id])
        amount -= part
        if part:
            shares.append((intent, part))
    return shares


def _of(refund: stripe.Refund, intent: stripe.PaymentIntent) -> int:
    return refund.amount if id_of(refund.payment_intent) == intent.id else 0


async def _part(
    client: stripe.StripeClient,
    wanted: RefundToSend,
    intent: stripe.PaymentIntent,
    amount: int,
    part: str | None = None,
) -> stripe.Refund:
    params = refund_params(wanted, intent.id, amount)
    return await act_once(
        keys.act("refund.create", wanted.refund.refund_id, part),
        lambda options: client.v1.refunds.create_async(params, options),
        lambda: find_refund(client, [intent], wanted.refund.refund_id),
    )
