"""The verification of a proof: every cent, every ledger entry, the audit log, and what was signed."""

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from billflow_verify.amounts import shared_out
from billflow_verify.audit_log import check_log
from billflow_verify.facts import Line, ProvenFacts
from billflow_verify.faults import ProofFault, demand
from billflow_verify.hashes import canonical, digest, is_signed
from billflow_verify.line_rules import check_amount, check_rule, tax_share

FORMAT = "billflow.proof/1"
SECTIONS = ("invoice", "lines", "ledger", "observations", "items", "catalog", "taxes", "coupon", "stripe", "audit")
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
        _check_lines(ProvenFacts(proof))
        check_log(proof, public_keys)
        _check_signature(proof, public_keys)
        return _sentence(proof)
    except _MALFORMED as problem:
        raise ProofFault(f"The proof is malformed: {type(problem).__name__} {problem}.") from None


def _check_lines(facts: ProvenFacts) -> None:
    lines, invoice = facts.lines, facts.proof["invoice"]
    demand([line["n"] for line in lines] == list(range(1, len(lines) + 1)), "A line of the invoice is missing.")
    for line in lines:
        check_amount(line, facts)
        check_rule(line, facts)
    total = sum(line["amount"] for line in lines)
    demand(invoice["total"] == total, f"The invoice is over {invoice['total']}, its lines come to {total}.")
    taxes = [line for line in lines if line["kind"] == "tax"]
    tax = sum(line["tax"] for line in taxes)
    demand(invoice["tax"] == tax, f"The invoice has the tax {invoice['tax']}, its lines come to {tax}.")
    if not any(line["derivation"]["note"] for line in taxes):
        _check_shares(facts, taxes)


def _check_shares(facts: ProvenFacts, taxes: list[Line]) -> None:
    """Demand that each priced line has its share of the tax, by the largest remainder."""
    priced = [line for line in facts.lines if line["kind"] not in ("tax", "credit_to_balance")]
    shares = [0] * len(priced)
    for one in taxes:
        exact = [Fraction(line["amount"]) * Fraction(*tax_share(one, facts)) for line in priced]
        shares = [so_far + more for so_far, more in zip(shares, shared_out(one["tax"], exact, facts.step), strict=True)]
    for line, share in zip(priced, shares, strict=True):
        demand(line["tax"] == share, f"Line {line['n']} has {line['tax']} of the tax, its share is {share}.")


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
    return f"{of} is proved: {len(proof['lines'])} lines, and the audit log as it was signed on {', '.join(days)}."
