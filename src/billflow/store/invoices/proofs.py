"""Proofs of invoices: the facts behind each line, and the audit log's entries about them, up to a signed root."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.proofs import FORMAT, InvoiceProof, digests_of, statement
from billflow.models.signatures import SigningKeys, checked
from billflow.models.tables import InvoiceLineRow, InvoiceRow, LicenseLedger
from billflow.store.audit.proven_entries import proven_entries
from billflow.store.invoices.digests import invoice_facts, ledger_facts, line_facts
from billflow.store.invoices.lines import billed_entries, lines_of
from billflow.store.invoices.proof_facts import catalog_of, coupon_of, items_of, observations_before, taxes_of
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
    lines = await lines_of(session, invoice.id)
    billed = await billed_entries(session, (line.replaces_line_id or line.id for line in lines))
    ledger = await _ledger(session, invoice, {seq for seqs in billed.values() for seq in seqs})
    audit = await proven_entries(session, invoice, {entry.seq for entry in ledger})
    return {
        "invoice": invoice_facts(invoice),
        "lines": [_line(line, billed) for line in lines],
        "ledger": [ledger_facts(entry) for entry in ledger],
        "observations": await observations_before(session, invoice, ledger),
        "items": await items_of(session, lines),
        "catalog": await catalog_of(session, invoice),
        "taxes": await taxes_of(session, invoice) if any(line.applied_tax for line in lines) else None,
        "coupon": await coupon_of(session, invoice),
        "stripe": {
            "invoice_id": invoice.stripe_invoice_id,
            "hosted_invoice_url": invoice.hosted_invoice_url,
            "replaced_invoice_ids": list(await replaced_ids(session, invoice.id)),
        },
        "audit": [one.model_dump(mode="json") for one in audit],
    }


def _line(line: InvoiceLineRow, billed: dict[UUID, list[int]]) -> dict[str, Any]:
    return {"n": line.n, "entries": billed.get(line.replaces_line_id or line.id, []), **line_facts(line)}


async def _ledger(session: AsyncSession, invoice: InvoiceRow, billed: set[int]) -> Sequence[LicenseLedger]:
    """Load the entries that are billed, and before each the last one about the same."""
    if not billed:
        return ()
    mine = LicenseLedger.plan_id == invoice.plan_id, LicenseLedger.seq <= max(billed)
    entries = (await session.scalars(select(LicenseLedger).where(*mine).order_by(LicenseLedger.seq))).all()
    last: dict[str | None, LicenseLedger] = {}
    wanted: dict[int, LicenseLedger] = {}
    for entry in entries:
        if entry.seq in billed:
            before = last.get(entry.add_on)
            wanted |= {one.seq: one for one in (before, entry) if one is not None}
        last[entry.add_on] = entry
    return [wanted[seq] for seq in sorted(wanted)]
