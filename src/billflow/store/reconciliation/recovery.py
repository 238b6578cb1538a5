"""What should have a workflow by the rows, in pages by id: Temporal's data can be made anew from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from billflow.models.contracts.adjustments import SendAdjustmentInput
from billflow.models.contracts.dry_run import DryRunRef, DryRunStatus
from billflow.models.contracts.invoices import UNPAID, InvoiceSummary
from billflow.models.contracts.mail import NotificationInput
from billflow.models.contracts.onboarding import OnboardingInput, OnboardingOptions, OnboardingStatus
from billflow.models.contracts.plan_batches import BatchInput, BatchStatus
from billflow.models.contracts.plans import PlanState
from billflow.models.tables import (
    CreditNoteRow,
    CustomerPlan,
    DryRunRow,
    InvoiceRow,
    MailRow,
    Onboarding,
    PlanBatchRow,
    RefundRow,
    TestClock,
)
from billflow.models.tables.adjustments import AdjustmentResultRow
from billflow.store.customers.transactions import LIVE
from billflow.store.invoices.records import summary
from billflow.store.plans.records import STATES, plan_state
from billflow.store.session.database import Repository

PAGE = 500
ACTOR = "recovery"

_COLLECTED = (
    select(InvoiceRow, TestClock.now_at)
    .join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id)
    .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
    .where(InvoiceRow.status.in_(UNPAID))
)
_UNFINISHED = (OnboardingStatus.RUNNING, OnboardingStatus.ON_HOLD)

Key = InstrumentedAttribute[UUID]


class InvoiceWork(NamedTuple):
    """An invoice about which something is to be done, and whose it is; `clock_at` is None in real time."""

    invoice: InvoiceSummary
    customer_id: str
    clock_at: datetime | None = None


class PostgresRecoveryQueries(Repository):
    """What is unfinished in one organization; nothing here writes. Each page follows after the id of the one before."""

    async def plans(self, org_id: str, after: str | None) -> Sequence[tuple[str, PlanState]]:
        """Return the next plans that are live or being bought."""
        return [
            (state.plan_id, state)
            for state in map(plan_state, await self._rows(org_id, STATES.where(LIVE), CustomerPlan.id, after))
        ]

    async def collections(self, org_id: str, after: str | None) -> Sequence[tuple[str, InvoiceWork]]:
        """Return the next invoices that are still to be paid."""
        return [
            (str(row.id), InvoiceWork(summary(row), str(row.customer_id), clock_at))
            for row, clock_at in await self._rows(org_id, _COLLECTED, InvoiceRow.id, after)
        ]

    async def refunds(
        self, org_id: str, after: str | None
    ) -> Sequence[tuple[str, tuple[SendAdjustmentInput, InvoiceWork]]]:
        """Return the next refunds that Stripe has not answered."""
        answered = exists().where(AdjustmentResultRow.refund_id == RefundRow.id)
        by_themselves = RefundRow.credit_note_id.is_(None), RefundRow.out_of_band_reference.is_(None)
        return await self._adjustments(org_id, (RefundRow, "refund"), after, ~answered, *by_themselves)

    async def credit_notes(
        self, org_id: str, after: str | None
    ) -> Sequence[tuple[str, tuple[SendAdjustmentInput, InvoiceWork]]]:
        """Return the next credit notes that Stripe has not answered; their refunds go with them."""
        answered = exists().where(AdjustmentResultRow.credit_note_id == CreditNoteRow.id)
        return await self._adjustments(org_id, (CreditNoteRow, "credit_note"), after, ~answered)

    async def _adjustments(
        self,
        org_id: str,
        adjustments: tuple[type[RefundRow | CreditNoteRow], Literal["credit_note", "refund"]],
        after: str | None,
        *conditions: ColumnElement[bool],
    ) -> Sequence[tuple[str, tuple[SendAdjustmentInput, InvoiceWork]]]:
        table, kind = adjustments
        query = select(table, InvoiceRow).join(InvoiceRow, InvoiceRow.id == table.invoice_id).where(*conditions)
        return [
            (
                str(row.id),
                (
                    SendAdjustmentInput(org_id=org_id, kind=kind, adjustment_id=str(row.id), at=row.at),
                    InvoiceWork(summary(invoice), str(invoice.customer_id)),
                ),
            )
            for row, invoice in await self._rows(org_id, query, table.id, after)
        ]

    async def onboardings(self, org_id: str, after: str | None) -> Sequence[tuple[str, OnboardingInput]]:
        """Return the next onboardings that run or are on hold."""
        query = select(Onboarding).where(Onboarding.status.in_(_UNFINISHED))
        return [
            (
                str(row.customer_id),
                OnboardingInput(
                    org_id=org_id,
                    customer_id=str(row.customer_id),
                    actor=ACTOR,
                    options=OnboardingOptions.model_validate(row.wishes),
                    at=row.started_at,
                ),
            )
            for (row,) in await self._rows(org_id, query, Onboarding.customer_id, after)
        ]

    async def plan_batches(self, org_id: str, after: str | None) -> Sequence[tuple[str, BatchInput]]:
        """Return the next batches of plans whose dry run or commands go on."""
        query = select(PlanBatchRow).where(PlanBatchRow.status.in_((BatchStatus.PREVIEWING, BatchStatus.RUNNING)))
        return [
            (str(row.id), BatchInput(org_id=org_id, plan_batch_id=str(row.id), phase=row.status))
            for (row,) in await self._rows(org_id, query, PlanBatchRow.id, after)
        ]

    async def dry_runs(self, org_id: str, after: str | None) -> Sequence[tuple[str, DryRunRef]]:
        """Return the next dry runs that go on."""
        query = select(DryRunRow).where(DryRunRow.status.in_([status for status in DryRunStatus if status.goes_on]))
        return [
            (str(row.id), DryRunRef(org_id=org_id, dry_run_id=str(row.id)))
            for (row,) in await self._rows(org_id, query, DryRunRow.id, after)
        ]

    async def mails(
        self, org_id: str, after: str | None, *, since: datetime
    ) -> Sequence[tuple[str, tuple[NotificationInput, InvoiceWork]]]:
        """Return the next mails that were written *since* then and that no server has taken."""
        unsent = MailRow.sent_at.is_(None), MailRow.created_at >= since
        query = select(MailRow, InvoiceRow).join(InvoiceRow, InvoiceRow.id == MailRow.invoice_id).where(*unsent)
        return [
            (str(row.id), (_notification(row), InvoiceWork(summary(invoice), str(invoice.customer_id))))
            for row, invoice in await self._rows(org_id, query, MailRow.id, after)
        ]

    async def _rows(
        self, org_id: str, query: Select[*tuple[Any, ...]], key: Key, after: str | None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        query = query.order_by(key).limit(PAGE)
        async with self.database.unit_of_work(org_id) as session:
            return (await session.execute(query if after is None else query.where(key > UUID(after)))).all()


def _notification(row: MailRow) -> NotificationInput:
    return NotificationInput(
        org_id=str(row.org_id),
        invoice_id=str(row.invoice_id),
        occasion=row.occasion,
        number=int(row.key.rpartition("/")[2]),
        at=row.at,
    )
