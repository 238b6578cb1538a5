"""Proofs of invoices: the facts behind each line, and the audit log's entries about them, up to a signed root."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.proofs import FORMAT, InvoiceProof, digests_of, statement
from billflow.models.signatures import SigningKeys, checked
from billflow.models.tables import InvoiceRow, LicenseLedger
from billflow.store.audit.proven_entries import proven_entries
from billflow.store.invoices.digests import invoice_facts, ledger_facts
from billflow.store.invoices.proof_facts import catalog_of, coupon_of, observations_before, taxes_of
from billflow.store.invoices.proven_invoices import ProvenInvoices, collected
from billflow.store.invoices.records import invoice_by_id, replaced_ids
from billflow.store.session.database import Repository


@dataclass(frozen=True)
class InvoiceProofs(Repository):
    """Proofs of an organization's invoices; nothing here writes."""

    signing_keys: SigningKeys | None

    async def prove(self, org_id: str, invoice_id: str) -> InvoiceProof:
        """Return the proof of an invoice.

        Raises `NotFound`, or `Refused` where there is no key, or the audit log doesn't name the invoice, or what it
        says isn't signed yet.
        """
        async with self.database.unit_of_work(org_id) as session:
            invoice = await invoice_by_id(session, invoice_id)
            keys = checked(self.signing_keys)
            facts = await _facts(session, invoice)
        digests = digests_of(facts)
        proof = {**facts, "format": FORMAT, "org_id": org_id, "digests": digests, "key_id": keys.current.key_id}
        public = keys.public_keys()[keys.current.key_id]
        return InvoiceProof.model_validate({**proof, "public_key": public, "signature": keys.sign(statement(proof))})


async def _facts(session: AsyncSession, invoice: InvoiceRow) -> dict[str, Any]:
    all_of = await collected(session, invoice)
    ledger = await _ledger(session, all_of)
    plans = {invoice.plan_id, *(entry.plan_id for entry in ledger)}
    audit = await proven_entries(session, all_of.named, plans, {entry.seq for entry in ledger})
    lines = all_of.lines[invoice.id]
    dated = all_of.first.issued_at
    return {
        "invoice": invoice_facts(invoice),
        "lines": all_of.line_facts(invoice.id),
        "others": [
            {"invoice": invoice_facts(one), "lines": all_of.line_facts(one.id)}
            for one in all_of.invoices
            if one is not invoice
        ],
        "ledger": [{"plan_id": str(entry.plan_id), **ledger_facts(entry)} for entry in ledger],
        "observations": await observations_before(session, invoice, ledger),
        "items": list(all_of.items.values()),
        "catalog": await catalog_of(session, invoice),
        "taxes": await taxes_of(session, invoice, dated) if any(line.applied_tax for line in lines) else None,
        "coupon": await coupon_of(session, invoice),
        "stripe": {
            "invoice_id": invoice.stripe_invoice_id,
            "hosted_invoice_url": invoice.hosted_invoice_url,
            "replaced_invoice_ids": list(await replaced_ids(session, invoice.id)),
        },
        "audit": [one.model_dump(mode="json") for one in audit],
    }


async def _ledger(session: AsyncSession, all_of: ProvenInvoices) -> Sequence[LicenseLedger]:
    """Load the entries that are billed, and before each the last one about the same."""
    billed = {entry_id for entries in all_of.billed.values() for entry_id, _ in entries}
    if not billed:
        return ()
    plans = select(LicenseLedger.plan_id).where(LicenseLedger.id.in_(billed))
    query = select(LicenseLedger).where(LicenseLedger.plan_id.in_(plans))
    entries = (await session.scalars(query.order_by(LicenseLedger.plan_id, LicenseLedger.seq))).all()
    last: dict[tuple[UUID, str | None], LicenseLedger] = {}
    wanted: dict[UUID, LicenseLedger] = {}
    for entry in entries:
        about = entry.plan_id, entry.add_on
        if entry.id in billed:
            wanted |= {one.id: one for one in (last.get(about), entry) if one is not None}
        last[about] = entry
    return sorted(wanted.values(), key=lambda entry: (entry.plan_id, entry.seq))
