"""What happened to a customer, in one order: steps, what came of them, mails, deliveries, and events of Stripe's."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billflow.api.services import Services
from billflow.console.pages import moment, who, words
from billflow.domain.amount_fields import with_amounts_written
from billflow.models.contracts.customers import CustomerRecord, CustomerRef
from billflow.models.contracts.endpoints import CustomerDelivery
from billflow.models.contracts.mail import LoggedMail
from billflow.models.contracts.records import PlanRecord, TimelineEntry
from billflow.models.contracts.webhooks import ReceivedStripeEvent

_ONLY_FOR_MACHINES = frozenset({"key", "command_id", "type", "currency", "version", "idempotency_key"})
_CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
_LONGEST = 120


@dataclass(frozen=True)
class TimelineRow:
    """Something that happened: a step, an event, a mail, a delivery, or an event of Stripe's, as `kind` says.

    `refused` says why a step was not taken.
    """

    at: datetime
    recorded_at: datetime
    kind: str
    name: str
    actor: str | None
    details: str
    refused: str | None = None
    invoice_id: str | None = None
    mail_id: str | None = None


@dataclass(frozen=True)
class TimelinePart:
    """How much of what happened is shown: the *most* rows that were recorded last *before* a moment."""

    most: int
    before: datetime | None = None


async def customer_timeline(
    services: Services, customer: CustomerRecord, plans: Sequence[PlanRecord], asked: TimelinePart
) -> tuple[tuple[TimelineRow, ...], datetime | None]:
    """Return what happened to a customer, the newest first, and before when there is more, if there is."""
    repositories, ref = services.repositories, CustomerRef(org_id=customer.org_id, customer_id=customer.customer_id)
    part = ref, asked.most + 1, asked.before
    currencies = {plan.plan_id: plan.currency for plan in plans}
    own = customer.billing_account.currency
    entries = await services.queries.timelines.of_customer(*part)
    rows = timeline_of(
        [(currencies.get(entry.plan_id or "", own), [entry]) for entry in entries],
        await repositories.mails.of_customer(*part),
        await repositories.deliveries.of_customer(*part),
        await repositories.stripe_events.of_customer(*part),
    )
    return recorded_last(rows, asked.most)


def recorded_last(rows: Sequence[TimelineRow], most: int) -> tuple[tuple[TimelineRow, ...], datetime | None]:
    """Return the *most* rows that were recorded last, in their order, and before when there are more, if there are.

    Rows that were recorded at once are not parted, so there may be fewer, or more where there would be none.
    """
    moments = sorted((row.recorded_at for row in rows), reverse=True)
    if len(moments) <= most:
        return tuple(rows), None
    following = moments[most]
    since = min((moment for moment in moments if moment > following), default=following)
    shown = tuple(row for row in rows if row.recorded_at >= since)
    return shown, since if len(shown) < len(rows) else None


def timeline_of(
    timelines: Iterable[tuple[str, Sequence[TimelineEntry]]],
    mails: Sequence[LoggedMail] = (),
    deliveries: Sequence[CustomerDelivery] = (),
    at_stripe: Sequence[ReceivedStripeEvent] = (),
) -> tuple[TimelineRow, ...]:
    """Return the entries of plans, each with the plan's currency, and all the rest in one list, the newest first."""
    rows = [_row(entry, currency) for currency, entries in timelines for entry in entries]
    rows += [_mail_row(mail) for mail in mails]
    rows += [_delivery_row(one) for one in deliveries]
    rows += [_stripe_row(one) for one in at_stripe]
    return tuple(sorted(rows, key=lambda row: (row.at, row.recorded_at), reverse=True))


def _row(entry: TimelineEntry, currency: str) -> TimelineRow:
    data = dict(entry.data)
    refused = data.pop("refused", None) or {}
    return TimelineRow(
        at=entry.at,
        recorded_at=entry.recorded_at,
        kind=entry.kind,
        name=words(entry.name),
        actor=_actor(entry),
        details=", ".join(_said({"currency": currency, **data})),
        refused=refused.get("message"),
        invoice_id=data.get("invoice_id"),
    )


def _actor(entry: TimelineEntry) -> str | None:
    """Return who acted as people say it, None for billflow itself."""
    return None if entry.actor in (None, "system") else who(entry.actor, entry.actor_name)


def _mail_row(mail: LoggedMail) -> TimelineRow:
    sent = f"sent {moment(mail.sent_at)}" if mail.sent_at else "stored, not sent"
    name = f"mail: {words(mail.occasion)}"
    said = f"{mail.subject} ({sent})"
    return TimelineRow(
        mail.at, mail.created_at, "mail", name, None, said, invoice_id=mail.invoice_id, mail_id=mail.mail_id
    )


def _delivery_row(one: CustomerDelivery) -> TimelineRow:
    why = f": {one.error}" if one.error else f", answered {one.status_code}" if one.status_code else ""
    said = f"{words(one.outcome)} to {one.url}, attempt {one.attempt}{why}"
    return TimelineRow(one.at, one.created_at, "delivery", f"delivery: {words(one.type)}", None, said)


def _stripe_row(one: ReceivedStripeEvent) -> TimelineRow:
    event, acted = one.event, f"acted on {moment(one.handled_at)}" if one.handled_at else "not acted on yet"
    said = f"{event.stripe_object_id or event.event_id} ({acted})"
    name = f"Stripe: {words(event.type)}"
    return TimelineRow(one.received_at, one.received_at, "stripe", name, None, said, invoice_id=event.invoice_id)


def _said(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is worth reading of an entry; amounts are written as money."""
    currency = data.get("currency")
    for name, value in _leaves(data):
        yield f"{words(name)} {_text(with_amounts_written(name, value, currency))}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        text = "; ".join(", ".join(_said(one)) if isinstance(one, Mapping) else _text(one) for one in value)
    else:
        text = words(value) if isinstance(value, str) and _CODE.fullmatch(value) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif value and name not in _ONLY_FOR_MACHINES and not name.endswith("_id"):
            yield name, value
