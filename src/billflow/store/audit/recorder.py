"""Writes what happened to audit log and outbox, in the transaction in which it happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import event as on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from billflow.errors import InternalError
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.event_types import event_declarations
from billflow.models.tables import AuditLog, InvoiceRow, OutboxEvent
from billflow.models.tables.base import Json
from billflow.store.audit.personal_data import PersonalDataSession
from billflow.store.session.rows import as_json
from billflow.telemetry.process_metrics import invoice_events

CUTOVERS = frozenset({"plan.cutover_scheduled", "plan.cutover_canceled", "plan.cutover_refused", "plan.cut_over"})
"""What is told even of a plan in a parallel run: from when on billflow bills it."""

STRIPE = "stripe"
"""The actor of what somebody did at Stripe itself."""

_INVOICE_EVENTS = "invoice_events"


@dataclass(frozen=True)
class Recorder:
    """Writes for one organization, as of one moment, on behalf of one actor; *silent* it publishes no event."""

    session: AsyncSession
    org_id: UUID
    at: datetime
    actor: str = "system"
    request_id: str | None = None
    silent: bool = False

    def audit(
        self,
        action: str,
        subject: tuple[str, object],
        *,
        before: Json | None = None,
        after: Json | None = None,
        detail: Json | None = None,
    ) -> None:
        """Add an entry to the audit log: the actor did *action* to *subject*, a kind and an id.

        Of two states only what differs is stored.
        """
        if before is not None and after is not None:
            before, after = _differing(before, after), _differing(after, before)
        self.session.add(
            AuditLog(
                org_id=self.org_id,
                actor=self.actor,
                request_id=self.request_id,
                action=action,
                subject_type=subject[0],
                subject_id=str(subject[1]),
                at=self.at,
                detail=detail,
                before=before,
                after=after,
            )
        )

    def publish(
        self,
        event: str,
        data: Mapping[str, Any],
        *,
        customer_id: UUID | None = None,
        plan_id: UUID | None = None,
        invoice_id: UUID | None = None,
    ) -> None:
        """Put an event into the outbox; `events.toml` declares its type."""
        if event not in event_declarations():
            raise InternalError(f"The event {event!r} is not declared in events.toml.")
        if self.silent and event not in CUTOVERS:
            return
        self.session.add(
            OutboxEvent(
                org_id=self.org_id,
                type=event,
                at=self.at,
                customer_id=customer_id,
                plan_id=plan_id,
                invoice_id=invoice_id,
                data=as_json(data),
            )
        )

    def publish_invoice(self, event: str, invoice: InvoiceRow, data: Mapping[str, Any]) -> None:
        """Put an event about an invoice into the outbox, and count it once it is there."""
        self.publish(event, data, customer_id=invoice.customer_id, plan_id=invoice.plan_id, invoice_id=invoice.id)
        self.session.info.setdefault(_INVOICE_EVENTS, []).append(event)


@on.listens_for(PersonalDataSession, "after_commit")
def _count_invoice_events(session: Session) -> None:
    for event in session.info.pop(_INVOICE_EVENTS, ()):
        invoice_events().labels(event).inc()


def _differing(state: Json, other: Json) -> Json:
    return {name: value for name, value in state.items() if other.get(name) != value}


def recorder_of(session: AsyncSession, org_id: UUID, change: ChangeContext) -> Recorder:
    """Return the recorder of a change to a customer."""
    return Recorder(session, org_id, change.at, change.actor, change.request_id)


def why(change: ChangeContext, **facts: Any) -> Json | None:
    """Return what an entry says beside states: *facts*, and the reason of a change that has one."""
    return {**facts, **({"reason": change.reason} if change.reason else {})} or None
