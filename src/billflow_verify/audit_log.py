"""What the audit log says of the invoice, and that it was signed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from billflow_verify.faults import ProofFault, demand
from billflow_verify.hashes import canonical, digest, is_signed, link_hash, parsed, root_by_path

NOT_TAXED = ("credit_to_balance", "tax")
_OF_INVOICE = ("id", "plan_id", "customer_id", "kind", "currency", "issued_at", "automatic_tax")
_OF_ROOT = ("org_id", "day", "first_position", "last_position", "root", "key_id")
_OUTSIDE = ("n", "entries")


def check_log(proof: Mapping[str, Any], public_keys: Collection[str]) -> None:
    """Demand that each entry was signed, that one names the invoice as it is, and others the ledger and the prices."""
    for entry in proof["audit"]:
        _check_entry(entry, proof["org_id"], public_keys)
    contents = [parsed(entry["content"]) for entry in proof["audit"]]
    _check_digest(proof)
    _check_ledger(proof, contents)


def prices(proof: Mapping[str, Any], name: str) -> set[int]:
    """Return what a price of the plan was, by the entries that set it."""
    return {price for one in _plan_entries(proof) if (price := (one["after"] or {}).get(name)) is not None} | {
        price for one in _plan_entries(proof) if (price := (one["before"] or {}).get(name)) is not None
    }


def naming_entry(proof: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry that names the invoice as it was made; raises `ProofFault`."""
    for entry in proof["audit"]:
        content = parsed(entry["content"])
        if any(one["invoice_id"] == proof["invoice"]["id"] for one in (content["detail"] or {}).get("invoices", ())):
            return content
    raise ProofFault("No entry of the audit log names the invoice.")


def _plan_entries(proof: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in proof["audit"]:
        content = parsed(entry["content"])
        if content["subject_type"] == "plan" and content["subject_id"] == proof["invoice"]["plan_id"]:
            yield content


def _check_entry(entry: Mapping[str, Any], org_id: str, public_keys: Collection[str]) -> None:
    root, position = entry["root"], entry["position"]
    where = f"The audit log's entry at position {position}"
    demand(root["org_id"] == org_id, f"{where} is of another organization than the proof.")
    demand(root["public_key"] in public_keys, f"The root of {root['day']} is signed by a key that you don't trust.")
    said = {"type": "billflow.audit_root", **{name: root[name] for name in _OF_ROOT}}
    signed = is_signed(canonical(said), root["signature"], root["public_key"])
    demand(signed, f"The root of {root['day']} is not what was signed.")
    place, size = position - root["first_position"], root["last_position"] - root["first_position"] + 1
    found = root_by_path(link_hash(entry["prev_hash"], entry["content"]), place, size, entry["path"])
    demand(found == root["root"], f"{where} is not among those that were signed on {root['day']}.")
    demand(parsed(entry["content"])["org_id"] == org_id, f"{where} is of another organization than the proof.")


def _check_digest(proof: Mapping[str, Any]) -> None:
    invoice, named = proof["invoice"], naming_entry(proof)["detail"]["invoices"]
    digests = [one["digest"] for one in named if one["invoice_id"] == invoice["id"]]
    by_stripe = invoice["automatic_tax"]
    outside = (*_OUTSIDE, "tax") if by_stripe else _OUTSIDE
    lines = [
        {name: value for name, value in line.items() if name not in outside}
        for line in proof["lines"]
        if not (by_stripe and line["kind"] in NOT_TAXED)
    ]
    content = {name: invoice[name] for name in _OF_INVOICE} | {"lines": lines}
    demand(digests[0] == digest(content), "The invoice or a line of it is not what the audit log has named.")


def _check_ledger(proof: Mapping[str, Any], contents: list[Mapping[str, Any]]) -> None:
    """Demand that each ledger entry is as the log has it; steps of before 0.3 named none."""
    named = {
        one["seq"]: one
        for entry in contents
        if entry["subject_id"] == proof["invoice"]["plan_id"]
        for one in (entry["detail"] or {}).get("ledger", ())
    }
    for entry in proof["ledger"]:
        seq = entry["seq"]
        demand(named.get(seq, entry) == entry, f"Ledger entry {seq} is not what the audit log has named.")
    known = {entry["seq"] for entry in proof["ledger"]}
    for line in proof["lines"]:
        dropped = sorted(set(line["entries"]) - known)
        demand(not dropped, f"Line {line['n']} bills ledger entry {dropped[:1]}, which the proof lacks.")
