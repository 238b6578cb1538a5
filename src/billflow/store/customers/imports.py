"""Customers that move in from another billing system, each with all of its own in one transaction (rules 40)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import BillingError, InvalidInput, NeedsAttention, NotFound, Refused
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.imports import (
    CustomerImport,
    ImportCreate,
    ImportKind,
    ImportOutcome,
    ImportRecord,
)
from billflow.models.contracts.plans import PlanState
from billflow.models.tables import BillingAccountRow, CustomerRow, TestClock
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.constraints import refused_duplicates
from billflow.store.customers.imported_objects import imported_id, note_imported
from billflow.store.customers.opening_balances import open_account, report_seats
from billflow.store.customers.opening_invoices import write_opening_invoice
from billflow.store.customers.repository import create_customer
from billflow.store.plans.imports import import_plan_row, imported_plan_state, plan_input
from billflow.store.plans.start import checked_clock, locked_customer
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id, row_by_id

REFUSALS = (InvalidInput, NeedsAttention, NotFound, Refused)
"""What is wrong with a row; that a database can't be reached is wrong with none."""

MOST_REASONS = 20
"""How many rows of one customer a check refuses by their reason; it looks at those behind them another time."""

_CHECK_NOW = text("SET CONSTRAINTS ALL IMMEDIATE")


@dataclass(frozen=True)
class ImportResult:
    """What came of one customer: a row for each thing, and its plans, whose workflows are to run."""

    rows: tuple[ImportRecord, ...]
    plans: tuple[PlanState, ...] = ()


@dataclass
class _RowInHand:
    """The row that is being written: the one that an error is about."""

    row: tuple[ImportKind, str]


@dataclass
class _Writing:
    """What one customer's transaction has written so far."""

    recorder: Recorder
    settings: BillingSettings
    asked: ImportCreate
    row_in_hand: "_RowInHand"
    rows: list[ImportRecord] = field(default_factory=list)
    plans: list[PlanState] = field(default_factory=list)

    async def known(self, kind: ImportKind, external_id: str) -> UUID | None:
        """Take a thing of the other system in hand; return what it was imported as, None where it is new."""
        self.row_in_hand.row = (kind, external_id)
        return await imported_id(self.recorder.session, kind, external_id)

    def note(self, object_id: UUID, outcome: ImportOutcome, **mapped: object) -> None:
        """Say what became of the row in hand, and remember a new one by its external id."""
        kind, external_id = self.row_in_hand.row
        row = ImportRecord(kind=kind, external_id=external_id, outcome=outcome, id=str(object_id), mapped=mapped)
        self.rows.append(row)
        if outcome is ImportOutcome.IMPORTED:
            note_imported(self.recorder, kind, external_id, object_id)


@dataclass(frozen=True)
class PostgresImportRepository(Repository):
    """Imports of customers in PostgreSQL."""

    settings: BillingSettings = DEFAULT_SETTINGS

    async def take(self, org_id: str, asked: ImportCreate, change: ChangeContext) -> list[ImportResult]:
        """Import each customer in a transaction of its own: whole, or not at all where one of its rows is refused.

        Raises `NoDatabase` where that breaks off; what was imported by then is known when it is asked for again.
        """
        results = []
        for one in asked.customers:
            in_hand = _RowInHand((ImportKind.CUSTOMER, one.customer.external_id))
            try:
                with refused_duplicates():
                    async with self.database.unit_of_work(org_id) as session:
                        results.append(await self._take(session, one, asked, (org_id, change), in_hand))
            except REFUSALS as error:
                results.append(_refused(one, {in_hand.row: error}))
        return results

    async def check(self, org_id: str, asked: ImportCreate, change: ChangeContext) -> list[ImportResult]:
        """Do all that `take` does, one customer after the other, and leave no trace of it.

        Where a row is refused the customer's others are looked at without it, so that each has its reason.
        """
        async with self.database.unit_of_work(org_id) as session:
            results = [await self._checked(session, one, asked, (org_id, change)) for one in asked.customers]
            await session.rollback()
        return results

    async def _checked(
        self, session: AsyncSession, wanted: CustomerImport, asked: ImportCreate, by: tuple[str, ChangeContext]
    ) -> ImportResult:
        refused: dict[tuple[ImportKind, str], BillingError] = {}
        rest: CustomerImport | None = wanted
        while rest is not None and len(refused) < MOST_REASONS:
            in_hand = _RowInHand((ImportKind.CUSTOMER, wanted.customer.external_id))
            try:
                with refused_duplicates():
                    async with session.begin_nested() as trial:
                        result = await self._take(session, rest, asked, by, in_hand)
                        if not refused:
                            return result
                        await trial.rollback()
                        break
            except REFUSALS as error:
                refused[in_hand.row] = error
                rest = _without(rest, in_hand.row)
        return _refused(wanted, refused)

    async def _take(
        self,
        session: AsyncSession,
        wanted: CustomerImport,
        asked: ImportCreate,
        by: tuple[str, ChangeContext],
        in_hand: _RowInHand,
    ) -> ImportResult:
        (org_id, change), clock_id = by, asked.test_clock_id
        clock = await row_by_id(session, TestClock, clock_id, "test clock") if clock_id else None
        at = clock.now_at if clock else change.at
        recorder = recorder_of(session, as_id(org_id, "organization"), change.model_copy(update={"at": at}))
        writing = _Writing(recorder, self.settings, asked, in_hand)
        customer, account = await _customer(writing, wanted)
        await report_seats(session, customer, wanted.seats)
        plans = await _plans(writing, wanted, customer, account)
        for invoice in wanted.invoices:
            lines = [line for line in wanted.invoice_lines if line.invoice == invoice.external_id]
            known, plan_id = await writing.known(ImportKind.INVOICE, invoice.external_id), plans.get(invoice.plan or "")
            row, outcome = await write_opening_invoice(recorder, customer, (invoice, lines), known, plan_id)
            mapped = {"total": row.total, "currency": row.currency, "status": row.status}
            writing.note(row.id, outcome, **mapped)
        await session.flush()
        await session.execute(_CHECK_NOW)
        return ImportResult(tuple(writing.rows), tuple(writing.plans))


async def _customer(writing: _Writing, wanted: CustomerImport) -> tuple[CustomerRow, BillingAccountRow]:
    opening, session = wanted.customer, writing.recorder.session
    if writing.asked.parallel_run:  # until the cutover the other system's invoices use the credit up
        opening = opening.model_copy(update={"credit_balance": 0, "stripe_balance_transaction_id": None})
    # Who imports the same customer at the same time, such as a request whose command was killed, goes first.
    await advisory_lock(session, f"import/{writing.recorder.org_id}/{opening.external_id}")
    known = await writing.known(ImportKind.CUSTOMER, opening.external_id)
    if known is not None:
        customer, account = await locked_customer(session, str(known))
        writing.note(customer.id, ImportOutcome.KNOWN)
        return customer, account
    customer, account = await create_customer(writing.recorder, opening.new())
    await open_account(writing.recorder, customer, account, opening)
    customer, account = await locked_customer(session, str(customer.id))  # with what the database gave it
    mapped = {"name": opening.name, "currency": account.currency, "credit": opening.credit_balance}
    writing.note(customer.id, ImportOutcome.IMPORTED, **mapped)
    return customer, account


async def _plans(
    writing: _Writing, wanted: CustomerImport, customer: CustomerRow, account: BillingAccountRow
) -> dict[str, UUID]:
    session, plans = writing.recorder.session, dict[str, UUID]()
    for opening in wanted.plans:
        known = await writing.known(ImportKind.PLAN, opening.external_id)
        if known is not None:
            writing.plans.append(await imported_plan_state(session, customer, known))
            writing.note(known, ImportOutcome.KNOWN)
            plans[opening.external_id] = known
            continue
        clock = await checked_clock(session, customer, writing.asked.test_clock_id)
        ask = plan_input(writing.recorder, opening, wanted.ledger, parallel_run=writing.asked.parallel_run)
        result = await import_plan_row(writing.recorder, (customer, account), ask, clock, writing.settings)
        state = result.state
        writing.plans.append(state)
        plans[opening.external_id] = UUID(state.plan_id)
        mapped = {"tier": state.tier, "schedule": state.schedule, "licenses": state.licenses, "status": state.status}
        mapped |= {"next_invoice_date": state.due_at}
        writing.note(UUID(state.plan_id), ImportOutcome.IMPORTED, **mapped)
    return plans


def _without(wanted: CustomerImport, row: tuple[ImportKind, str]) -> CustomerImport | None:
    """Return a customer without a plan or an invoice; nothing can be said of its rows where it is refused itself."""
    kind, external_id = row
    if kind is ImportKind.CUSTOMER:
        return None
    name = "plans" if kind is ImportKind.PLAN else "invoices"
    rest = tuple(one for one in getattr(wanted, name) if one.external_id != external_id)
    return wanted.model_copy(update={name: rest})


def _refused(wanted: CustomerImport, refused: Mapping[tuple[ImportKind, str], BillingError]) -> ImportResult:
    """Return the refusals of the rows that they are about, and that the customer's others are held back with them."""
    everything = [
        (ImportKind.CUSTOMER, wanted.customer.external_id),
        *((ImportKind.PLAN, plan.external_id) for plan in wanted.plans),
        *((ImportKind.INVOICE, invoice.external_id) for invoice in wanted.invoices),
    ]
    return ImportResult(tuple(_not_taken(one, refused.get(one)) for one in everything))


def _not_taken(row: tuple[ImportKind, str], error: BillingError | None) -> ImportRecord:
    kind, external_id = row
    if error is None:
        return ImportRecord(kind=kind, external_id=external_id, outcome=ImportOutcome.HELD_BACK)
    why: dict[str, Any] = {"code": error.code, "message": str(error), "field": getattr(error, "field", None)}
    return ImportRecord(kind=kind, external_id=external_id, outcome=ImportOutcome.REFUSED, **why)
