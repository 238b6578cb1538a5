"""Writing the outcome of a step: every row it decided, in the order that constraints ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID, uuid4

from billflow.domain.customer import CustomerTerms
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind, Line, LineKind
from billflow.domain.ledger import Disposition
from billflow.domain.plan import SUCCESSOR_ID, InvoicingStatus, Plan, PlanStatus
from billflow.domain.step import Outcome
from billflow.models.tables import (
    BillingAccountRow,
    CreditRow,
    CustomerPlan,
    CustomerRow,
    InvoiceLineRow,
    InvoiceRow,
    LedgerAllocation,
    LicenseLedger,
)
from billflow.models.tables.base import Json
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.digests import ledger_facts, named_in_audit
from billflow.store.invoices.drafts import invoice_row, line_rows, open_invoices, prepaid_line, void
from billflow.store.offers.coupon_records import release, write_use
from billflow.store.offers.records import reopen
from billflow.store.plans.computed_invoices import write_computed
from billflow.store.plans.items import write_items
from billflow.store.plans.mapping import plan_of, write_plan, write_seen, write_terms
from billflow.store.session.new_rows import add_new, write_new_rows
from billflow.store.session.rows import as_json


def new_plan_row(customer: CustomerRow, plan_id: UUID, test_clock_id: UUID | None) -> CustomerPlan:
    """Return the row of a new plan, still to be filled."""
    return CustomerPlan(
        id=plan_id, org_id=customer.org_id, customer_id=customer.id, test_clock_id=test_clock_id, version=0
    )


@dataclass(frozen=True)
class MadeInvoice:
    """The rows of an invoice that a step makes, and which of its lines bills each ledger entry and item, by number."""

    invoice: InvoiceRow
    lines: Sequence[InvoiceLineRow]
    entries: Mapping[int, UUID]
    items: Mapping[int, UUID]

    @classmethod
    def of(cls, draft: InvoiceDraft, invoice: InvoiceRow, entries: Mapping[int, UUID]) -> Self:
        """Make the rows of the lines of a *draft*; *entries* are the ids of ledger entries."""
        rows = line_rows(draft, invoice, entries)
        billed = [(row.id, line) for row, line in zip(rows, draft.lines, strict=True)]
        return cls(
            invoice,
            rows,
            {seq: line_id for line_id, line in billed for seq in line.entries},
            {line.item: line_id for line_id, line in billed if line.item is not None},
        )


@dataclass
class OutcomeWriter:
    """Writes one step, that of its successor included; `made` and `voided` gather the invoices on the way.

    With `backfill` in *detail* the step comes late: its invoices are announced together, when the backfill is complete.
    """

    recorder: Recorder
    customer: CustomerRow
    account: BillingAccountRow
    key: str
    action: str
    detail: Json
    made: list[InvoiceRow] = field(default_factory=list)
    voided: list[InvoiceRow] = field(default_factory=list)

    async def write(
        self, outcome: Outcome, row: CustomerPlan, entries: dict[int, UUID], before: CustomerTerms
    ) -> CustomerPlan | None:
        """Write *outcome* to the plan's *row*, and return the row of the plan that took over, if any.

        *entries* are the ids of the ledger entries the step began with, *before* the terms it found.
        """
        # Loaded before the terms change: those count months that only voiding these invoices gives back.
        to_void = await self._to_void(outcome, row)
        write_terms(self.customer, row, before, _last(outcome).customer)
        await write_use(before.coupon, _last(outcome).customer.coupon, self.recorder)
        await self._void(to_void, keeps_coupon=outcome.void_trial_invoice)
        was_bought = row.version > 0 and row.status is PlanStatus.NEVER_STARTED
        await self._write_one(outcome, row, dict(entries))
        if was_bought and row.offer_id and row.status is PlanStatus.ENDED:
            await reopen(row.offer_id, self.customer, self.recorder)
        if was_bought and row.coupon_redemption_id and row.status is PlanStatus.ENDED:
            await release(row.coupon_redemption_id, self.recorder)
        if outcome.scheduled:
            await self._write_scheduled(outcome.scheduled, row)
        if outcome.successor is None:
            return None
        await write_new_rows(self.recorder.session)  # no more than one plan of a customer is live
        successor = await self._row_for(outcome.successor.plan, row)
        await self._write_one(outcome.successor, successor, {})
        return successor

    async def _write_one(self, outcome: Outcome, row: CustomerPlan, entries: dict[int, UUID]) -> None:
        """Add the rows that a step makes; nothing that is read meanwhile is about them."""
        session = self.recorder.session
        with session.no_autoflush:
            entries |= {entry.seq: uuid4() for entry in outcome.entries}
            made = self._made(outcome, row, entries)
            self._write_plan(outcome, row, made)
            session.add(row)
            for one in made:
                add_new(session, one.invoice, *one.lines)
            write_computed(session, outcome, row, self.key)
            await self._write_ledger(outcome, row, entries, made)
            await write_items(session, outcome, row, {seq: line for one in made for seq, line in one.items.items()})
            self._write_credit(outcome, row)
        for one in made:
            self._announce(one.invoice)
        for event in outcome.events:
            self.recorder.publish(event.type, event.data, customer_id=row.customer_id, plan_id=row.id)

    def _made(self, outcome: Outcome, row: CustomerPlan, entries: Mapping[int, UUID]) -> list[MadeInvoice]:
        drafts = [draft for draft in outcome.invoices if not draft.parallel_run]
        made = [MadeInvoice.of(draft, invoice_row(draft, row, self.account, self.key), entries) for draft in drafts]
        self.made += [one.invoice for one in made]
        return made

    def _announce(self, invoice: InvoiceRow) -> None:
        data = {"kind": invoice.kind, "total": invoice.total, "currency": invoice.currency}
        behind = {"behind": self.detail.get("backfill", False)}
        self.recorder.publish_invoice("invoice.created", invoice, data | behind)

    def _write_plan(self, outcome: Outcome, row: CustomerPlan, made: Sequence[MadeInvoice]) -> None:
        before = self._known(row)
        write_plan(row, outcome.plan)
        write_seen(row, outcome.last_observation)
        row.attention_code = row.attention_message = row.attention_since = None
        if made:
            row.invoicing_status = InvoicingStatus.SENDING
        if row.status is not PlanStatus.NEVER_STARTED:
            row.awaiting_invoice_id = None
        elif bought := next((one.invoice for one in made if one.invoice.kind is InvoiceKind.PURCHASE), None):
            row.awaiting_invoice_id = bought.id
        named = [named_in_audit(one.invoice, one.lines) for one in made]
        ledger = [ledger_facts(entry) for entry in outcome.entries]
        self._note_change(row, before, {"invoices": named, "ledger": ledger, **_tier_change_credit(outcome)})

    def _known(self, row: CustomerPlan) -> Json | None:
        return None if row.version == 0 else as_json(plan_of(row))

    def _note_change(self, row: CustomerPlan, before: Json | None, made: Mapping[str, object] = {}) -> None:
        row.version += 1
        after = as_json(plan_of(row))
        detail = {**self.detail, "customer_id": str(row.customer_id)}
        detail |= {name: what for name, what in made.items() if what}
        self.recorder.audit(self.action, ("plan", row.id), before=before, after=after, detail=detail)

    async def _write_ledger(
        self, outcome: Outcome, row: CustomerPlan, entries: Mapping[int, UUID], made: Sequence[MadeInvoice]
    ) -> None:
        session, billed = self.recorder.session, {seq: line for one in made for seq, line in one.entries.items()}
        for entry in outcome.entries:
            add_new(
                session,
                LicenseLedger(
                    id=entries[entry.seq],
                    org_id=row.org_id,
                    plan_id=row.id,
                    seq=entry.seq,
                    event_time=entry.event_time,
                    is_renewal=entry.is_renewal,
                    licenses=entry.licenses,
                    licenses_at_next_renewal=entry.licenses_at_next_renewal,
                    add_on=entry.add_on,
                    price=entry.price,
                    step_key=self.key,
                ),
            )
        for seq, disposition in outcome.allocated.items():
            line = billed.get(seq)
            if line is None and disposition is Disposition.BILLED:
                line = await prepaid_line(session, row.id, row.predecessor_id)
            allocation = {"entry_id": entries[seq], "disposition": disposition, "invoice_line_id": line}
            add_new(session, LedgerAllocation(org_id=row.org_id, step_key=self.key, **allocation))

    def _write_credit(self, outcome: Outcome, row: CustomerPlan) -> None:
        if not outcome.credit:
            return
        self.recorder.session.add(
            CreditRow(
                org_id=row.org_id,
                customer_id=row.customer_id,
                plan_id=row.id,
                amount=outcome.credit,
                currency=row.currency,
                reason=_credit_reason(outcome) or self.action.removeprefix("plan."),
                step_key=self.key,
                at=outcome.at,
            )
        )

    async def _to_void(self, outcome: Outcome, row: CustomerPlan) -> Sequence[InvoiceRow]:
        """Load the open invoices the step voids: the plan's own where it never started, else the customer's."""
        session, never_started = self.recorder.session, row.status is PlanStatus.NEVER_STARTED
        if outcome.void_open_invoices:
            everyones = InvoiceRow.customer_id == row.customer_id
            return await open_invoices(session, InvoiceRow.plan_id == row.id if never_started else everyones)
        if outcome.void_trial_invoice:
            of_trial = InvoiceRow.kind == InvoiceKind.TRIAL_PURCHASE
            return await open_invoices(session, InvoiceRow.plan_id == row.id, of_trial)
        return ()

    async def _void(self, invoices: Sequence[InvoiceRow], *, keeps_coupon: bool) -> None:
        self.voided += invoices
        for invoice in invoices:
            await void(invoice, self.customer, self.recorder, waived=True, keeps_coupon=keeps_coupon)

    async def _write_scheduled(self, plan: Plan, row: CustomerPlan) -> None:
        follower = await self._row_for(plan, row)
        before = self._known(follower)
        write_plan(follower, plan)
        self.recorder.session.add(follower)
        self._note_change(follower, before)

    async def _row_for(self, plan: Plan, predecessor: CustomerPlan) -> CustomerPlan:
        if plan.id == SUCCESSOR_ID:
            return new_plan_row(self.customer, uuid4(), predecessor.test_clock_id)
        session = self.recorder.session
        with session.no_autoflush:  # what is to be written may refer to new rows
            return await session.get_one(CustomerPlan, UUID(plan.id), with_for_update={"key_share": True})


def _last(outcome: Outcome) -> Outcome:
    return _last(outcome.successor) if outcome.successor else outcome


def _tier_change_credit(outcome: Outcome) -> Json:
    """Return how the audit log names the credit of a change of tier: with what was kept of each line, and its span."""
    if not outcome.credited:
        return {}
    lines = [
        {"line_id": line.line_id, "kept": str(line.amount), "period": as_json(line.period)} for line in outcome.credited
    ]
    owed = sum(line.amount for line in _lines(outcome) if line.kind is LineKind.CREDIT_TO_BALANCE)
    return {"tier_change_credit": {"amount": outcome.credit - owed, "at": outcome.at.isoformat(), "lines": lines}}


def _credit_reason(outcome: Outcome) -> str | None:
    of_balance = any(line.kind is LineKind.CREDIT_TO_BALANCE for line in _lines(outcome))
    return LineKind.END_DATE_CHANGE if of_balance else None


def _lines(outcome: Outcome) -> list[Line]:
    return [line for invoice in outcome.invoices for line in invoice.lines]
