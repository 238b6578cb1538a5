"""The proof of an invoice has the facts behind each line, and the log's entries about them up to a signed root."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from billflow.domain.errors import NotFound, Refused
from billflow.domain.merkle import root_by_path
from billflow.models.contracts.proofs import InvoiceProof, digests_of, statement
from billflow.models.contracts.records import InvoiceFilter
from billflow.models.keyring import Key
from billflow.models.signatures import SigningKeys, is_signed, public_key_of
from billflow.store.audit.roots import AuditRoots
from billflow.store.invoices.proofs import InvoiceProofs
from tests.store.conftest import BEGIN, Company

KEY = Key.fresh("first")
KEYS = SigningKeys((KEY,))
DAY = timedelta(days=1)


async def grown(company: Company) -> list[str]:
    """Bill a plan that began with 12 seats and got 3 more in its first month; return its invoices, the oldest first."""
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, 12)
    plan = await company.bought(customer)
    await company.seats(customer, BEGIN + 9 * DAY, 15)
    while plan.due_at is not None and plan.due_at < BEGIN + 70 * DAY:
        plan = (await company.close(plan)).state
    found = await company.queries.invoices.search(company.org_id, InvoiceFilter(plan_id=plan.plan_id))
    return [one.invoice_id for one in found.rows][::-1]


async def proofs_of(company: Company, *invoices: str) -> list[InvoiceProof]:
    """Sign the audit log up to this moment, and return the proofs of invoices."""
    await AuditRoots(company.database, KEYS).sign(company.org_id, datetime.now(UTC) + DAY)
    proofs = InvoiceProofs(company.database, KEYS)
    return [await proofs.prove(company.org_id, invoice) for invoice in invoices]


async def test_a_proof_leads_from_each_entry_of_the_log_to_a_signed_root(company: Company) -> None:
    for proof in await proofs_of(company, *await grown(company)):
        for entry in proof.audit:
            link = bytes.fromhex(entry.prev_hash), entry.content.encode()
            root, path = entry.root, [bytes.fromhex(one) for one in entry.path]
            place, size = entry.position - root.first_position, root.last_position - root.first_position + 1
            assert root_by_path(_hash(*link), place, size, path) == bytes.fromhex(root.root)
            assert is_signed(root.statement(), root.signature, public_key_of(KEY))
        whole = proof.model_dump(mode="json")
        assert proof.digests == digests_of(whole)
        assert is_signed(statement(whole), proof.signature, public_key_of(KEY))


def _hash(prev_hash: bytes, content: bytes) -> bytes:
    return sha256(prev_hash + content).digest()


async def test_it_has_the_ledger_entries_that_a_line_bills_with_the_seats_behind_them(company: Company) -> None:
    purchase, *others = await proofs_of(company, *await grown(company))
    added = next(one for one in others if any(line["kind"] == "additional_licenses" for line in one.lines))

    line = next(line for line in added.lines if line["kind"] == "additional_licenses")
    before, entry = [one for one in added.ledger if one["seq"] <= line["entries"][0]][-2:]
    named = [one for log in added.audit for one in json.loads(log.content)["detail"].get("ledger", ())]

    assert (before["licenses"], entry["licenses"], line["quantity"]) == (12, 15, 3)
    mine = {"plan_id": added.invoice["plan_id"]}
    assert all(one in [mine | entry for entry in named] for one in added.ledger)
    assert [one["members"] for one in added.observations][-1] == 15
    assert added.catalog is not None
    assert added.catalog["tier"] == "cloud_standard"
    assert purchase.invoice["kind"] == "purchase"
    assert purchase.stripe["invoice_id"] is None


async def test_an_invoice_of_today_is_proved_once_today_is_signed(company: Company) -> None:
    invoice, *_ = await grown(company)
    proofs = InvoiceProofs(company.database, KEYS)

    with pytest.raises(Refused, match=r"isn't signed yet.*by `billflow audit sign --now`"):
        await proofs.prove(company.org_id, invoice)
    with pytest.raises(NotFound):
        await proofs.prove(company.org_id, company.org_id)
    with pytest.raises(Refused, match="no signing key"):
        await InvoiceProofs(company.database, None).prove(company.org_id, invoice)
