"""The verification of a proof: every cent, every ledger entry, the audit log, and what was signed."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

from billflow_verify.audit_log import check_log, contents
from billflow_verify.credits import check_credits
from billflow_verify.facts import Billed, ProvenFacts, ProvenInvoice
from billflow_verify.faults import ProofFault, demand
from billflow_verify.hashes import canonical, digest, is_signed
from billflow_verify.line_rules import check_amount, check_part, check_rule
from billflow_verify.parts import whole_lines
from billflow_verify.reissues import check_reissue
from billflow_verify.taxes import check_taxes

FORMAT = "billflow.proof/1"
SECTIONS = (
    "invoice",
    "lines",
    "others",
    "ledger",
    "observations",
    "items",
    "catalog",
    "taxes",
    "coupon",
    "stripe",
    "audit",
)
_FIELDS = {"format", "org_id", "digests", "key_id", "public_key", "signature", *SECTIONS}
_MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)


def verify(proof: Any, public_keys: Collection[str]) -> str:
    """Return one sentence about a proof that holds; raises `ProofFault` with one about what doesn't.

    *public_keys* are those that are trusted, 32 bytes of Ed25519 as base64.
    """
    try:
        demand(proof["format"] == FORMAT, f"The proof is of the format {proof['format']!r}, not {FORMAT!r}.")
        strange = sorted(set(proof) ^ _FIELDS)
        demand(not strange, f"The proof has the wrong sections: {', '.join(map(str, strange))}.")
        facts = ProvenFacts(proof)
        for one in facts.invoices.values():
            _check_amounts(one, proof["taxes"] if one is facts.proved else None)
        _check_rules(facts)
        check_credits(contents(proof), proof["invoice"]["currency"])
        check_log(proof, public_keys)
        _check_signature(proof, public_keys)
        return _sentence(proof)
    except _MALFORMED as problem:
        raise ProofFault(f"The proof is malformed: {type(problem).__name__} {problem}.") from None


def _check_amounts(one: ProvenInvoice, taxes: Mapping[str, Any] | None) -> None:
    """Demand that the lines come to what they say, and the invoice to its lines."""
    numbers = [line["n"] for line in one.lines]
    demand(numbers == list(range(1, len(numbers) + 1)), "A line of the invoice is missing.")
    for line in one.lines:
        check_amount(line, one)
        check_part(line)
    total = sum(line["amount"] for line in one.lines)
    demand(one.invoice["total"] == total, f"The invoice is over {one.invoice['total']}, its lines come to {total}.")
    check_taxes(one, taxes)


def _check_rules(facts: ProvenFacts) -> None:
    """Demand of the first invoice what the rules say, and of those in its place that they bill the same."""
    chain = facts.chain()
    invoices = facts.made_with(chain[-1])
    billed = Billed(facts, invoices, whole_lines(invoices))
    for line in billed.lines:
        check_rule(line, billed)
    for new, old in pairwise(chain):
        check_reissue(new, old, facts)


def _check_signature(proof: Mapping[str, Any], public_keys: Collection[str]) -> None:
    for name in SECTIONS:
        demand(proof["digests"][name] == digest(proof[name]), f"The section {name!r} is not what was signed.")
    demand(proof["public_key"] in public_keys, "The proof is signed by a key that you don't trust.")
    said = {name: proof[name] for name in ("format", "org_id", "digests", "key_id")}
    message = canonical({"type": "billflow.invoice_proof", **said})
    demand(is_signed(message, proof["signature"], proof["public_key"]), "The proof is not what was signed.")


def _sentence(proof: Mapping[str, Any]) -> str:
    invoice = proof["invoice"]
    days = sorted({entry["root"]["day"] for entry in proof["audit"]})
    of = f"Invoice {invoice['number'] or invoice['id']} over {invoice['total']} minor units of {invoice['currency']}"
    lines = "1 line" if len(proof["lines"]) == 1 else f"{len(proof['lines'])} lines"
    return f"{of} is proved: {lines}, and the audit log as it was signed on {', '.join(days)}."
