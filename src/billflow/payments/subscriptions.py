"""Subscriptions of the system that billed before: told to end with their period, or to go on after all."""

from datetime import UTC, datetime

import stripe

from billflow.domain.errors import Refused
from billflow.domain.old_system import OldSubscription
from billflow.models.contracts.cutovers import CreditLeft, OldSubscriptionRef
from billflow.payments import keys
from billflow.payments.amounts import from_stripe
from billflow.payments.calls import act_once, ask, ask_if_there, id_of
from billflow.payments.errors import port_faults
from billflow.payments.mode import check_mode_of
from billflow.ports.cutovers import OldSubscriptions

_OVER = ("canceled", "incomplete_expired")
_SCHEDULED = ("not_started", "active")


class StripeSubscriptions(OldSubscriptions):
    """The port `OldSubscriptions` by Stripe; safe to ask again after any answer, or none."""

    def __init__(self, client: stripe.StripeClient, *, livemode: bool) -> None:
        self.client, self.livemode = client, livemode

    async def find(self, old: OldSubscriptionRef) -> OldSubscription:
        check_mode_of(old.livemode, livemode=self.livemode)
        with port_faults():
            held = await self._held(old)
            await self._check_may_end(old, held)
            return described(held)

    async def end(self, old: OldSubscriptionRef, date: datetime, name: str) -> OldSubscription:
        check_mode_of(old.livemode, livemode=self.livemode)
        with port_faults():
            held = await self._held(old)
            if _is_over(held) or (_is_marked(old, held) and ends_at(held) in (date, billed_until(held))):
                return described(held)
            await self._check_may_end(old, held)
            return await self._changed(old, _end_params(old, held, date), keys.act("subscription.end", name))

    async def keep(self, old: OldSubscriptionRef, name: str) -> OldSubscription:
        check_mode_of(old.livemode, livemode=self.livemode)
        with port_faults():
            held = await self._held(old)
            if _is_over(held) or not _is_marked(old, held):
                return described(held)
            return await self._changed(old, _keep_params(held), keys.act("subscription.keep", name))

    async def credit_left(self, old: OldSubscriptionRef) -> CreditLeft | None:
        with port_faults():
            customer_id = str(id_of((await self._held(old)).customer))
            customer = await ask("customer.retrieve", self.client.v1.customers.retrieve_async(customer_id))
            if not customer.balance or customer.balance > 0 or not customer.currency:
                return None
            listing = self.client.v1.customers.balance_transactions.list_async(customer_id, {"limit": 1})
            newest = (await ask("balance_transactions.list", listing)).data[0]
        currency = customer.currency.upper()
        return CreditLeft(
            stripe_customer_id=customer_id,
            amount=from_stripe(-customer.balance, currency),
            currency=currency,
            stripe_balance_transaction_id=newest.id,
        )

    async def _changed(
        self, old: OldSubscriptionRef, params: stripe.params.SubscriptionUpdateParams, act: keys.Act
    ) -> OldSubscription:
        """Change it under a key of its own, and return how it stands then, whatever the answer says."""
        name = old.stripe_subscription_id
        await act_once(
            act,
            lambda options: self.client.v1.subscriptions.update_async(name, params, options),
            lambda: self._held(old),
        )
        return described(await self._held(old), changed=True)

    async def _held(self, old: OldSubscriptionRef) -> stripe.Subscription:
        name = old.stripe_subscription_id
        held = await ask_if_there("subscription.retrieve", self.client.v1.subscriptions.retrieve_async(name))
        if held is None:
            raise Refused(
                f"Stripe has no subscription {name}; where it is in another account, end it there and say so by "
                "old_system_ends.",
                code="old_subscription_missing",
                field="old_system_ends",
            )
        return held

    async def _check_may_end(self, old: OldSubscriptionRef, held: stripe.Subscription) -> None:
        """Raise `Refused` for one that ends by somebody else's will, or follows a schedule."""
        if _is_over(held):
            return
        if ends_at(held) is not None and not _is_marked(old, held):
            message = f"The old subscription ends on {ends_at(held):%Y-%m-%d} already; take that back at Stripe first."
            raise Refused(message, code="old_subscription_ends")
        schedule_id = id_of(held.schedule)
        if schedule_id is None:
            return
        retrieved = self.client.v1.subscription_schedules.retrieve_async(schedule_id)
        schedule = await ask_if_there("subscription_schedule.retrieve", retrieved)
        if schedule is not None and schedule.status in _SCHEDULED:
            raise Refused(
                f"Stripe's schedule {schedule_id} decides when the old subscription ends; release it there first: what "
                "it was to change is planned here already.",
                code="old_subscription_scheduled",
            )


def described(held: stripe.Subscription, *, changed: bool = False) -> OldSubscription:
    """Return what counts of a subscription."""
    return OldSubscription(
        billed_until=billed_until(held), ends_at=ends_at(held), ended=_is_over(held), changed=changed
    )


def billed_until(held: stripe.Subscription) -> datetime:
    """Return the end of the last period that it bills."""
    return _moment(max(item["current_period_end"] for item in held.to_dict()["items"]["data"]))


def ends_at(held: stripe.Subscription) -> datetime | None:
    """Return from when on it bills nothing more, None where it goes on; a period that has begun is billed whole."""
    until = billed_until(held)
    if _is_over(held):
        return until
    if held.cancel_at is None:
        return None
    return max(_moment(held.cancel_at), until)


def _is_over(held: stripe.Subscription) -> bool:
    return held.status in _OVER


def _is_marked(old: OldSubscriptionRef, held: stripe.Subscription) -> bool:
    return keys.is_marked(held, keys.cutover_metadata(old.org_id, old.plan_id))


def _end_params(
    old: OldSubscriptionRef, held: stripe.Subscription, date: datetime
) -> stripe.params.SubscriptionUpdateParams:
    marks = keys.cutover_metadata(old.org_id, old.plan_id)
    if billed_until(held) >= date:
        return {"cancel_at_period_end": True, "metadata": marks}
    return {"cancel_at": int(date.timestamp()), "metadata": marks}


def _keep_params(held: stripe.Subscription) -> stripe.params.SubscriptionUpdateParams:
    marks = dict.fromkeys(keys.CUTOVER_MARKS, "")
    if held.cancel_at is not None and not held.cancel_at_period_end:
        return {"cancel_at": "", "metadata": marks}
    return {"cancel_at_period_end": False, "metadata": marks}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
