"""What happened to a customer, in one order: steps, what came of them, mails, deliveries, and events of Stripe's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billflow.console.pages import moment, short, words
from billflow.domain.amount_fields import with_amounts_written
from billflow.models.contracts.endpoints import CustomerDelivery
from billflow.models.contracts.mail import MailRecord
from billflow.models.contracts.records import TimelineEntry
from billflow.models.contracts.webhooks import ReceivedStripeEvent

_ONLY_FOR_MACHINES = frozenset({"key", "command_id", "type", "currency", "version", "idempotency_key"})
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


def timeline_of(
    timelines: Iterable[tuple[str, Sequence[TimelineEntry]]],
    mails: Sequence[MailRecord] = (),
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
        actor=_actor(entry.actor),
        details=", ".join(_said({"currency": currency, **data})),
        refused=refused.get("message"),
        invoice_id=data.get("invoice_id"),
    )


def _actor(actor: str | None) -> str | None:
    """Return who acted as people say it, None for billflow itself."""
    if actor in (None, "system"):
        return None
    kind, _, name = str(actor).partition(":")
    return {"key": f"API key {short(name)}", "console": name, "portal": "the customer"}.get(kind, actor)


def _mail_row(mail: MailRecord) -> TimelineRow:
    sent = f"sent {moment(mail.sent_at)}" if mail.sent_at else "stored, not sent"
    name = f"mail: {words(mail.occasion)}"
    said = f"{mail.subject} ({sent})"
    return TimelineRow(mail.at, mail.at, "mail", name, None, said, invoice_id=mail.invoice_id, mail_id=mail.mail_id)


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
        text = words(value) if isinstance(value, str) and " " not in value else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif value and name not in _ONLY_FOR_MACHINES and not name.endswith("_id"):
            yield name, value
