"""What the audit log says of the invoices, and that it was signed."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from billflow_verify.faults import ProofFault, demand
from billflow_verify.hashes import canonical, digest, is_signed, link_hash, parsed, root_by_path

_NOT_TAXED = ("credit_to_balance", "tax")
_OF_INVOICE = ("id", "plan_id", "customer_id", "kind", "currency", "issued_at", "automatic_tax")
_OF_ROOT = ("org_id", "day", "first_position", "last_position", "root", "key_id")
_OUTSIDE = ("n", "entries", "item", "adjusts", "replaces")


def check_log(proof: Mapping[str, Any], public_keys: Collection[str]) -> None:
    """Demand that each entry was signed, that one names each invoice as it is, and others the ledger."""
    for entry in proof["audit"]:
        _check_entry(entry, proof["org_id"], public_keys)
    for one in (proof, *proof["others"]):
        _check_digest(proof, one["invoice"], one["lines"])
    _check_ledger(proof)


def contents(proof: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of the audit log."""
    yield from (parsed(entry["content"]) for entry in proof["audit"])


def prices(proof: Mapping[str, Any], plans: Collection[str], name: str) -> set[int]:
    """Return what a price of *plans* was, by the entries that set it."""
    states = (state for one in contents(proof) if _is_of(one, plans) for state in (one["before"], one["after"]))
    return {price for state in states if (price := (state or {}).get(name)) is not None}


def plans_of(proof: Mapping[str, Any]) -> set[str]:
    """Return the plans that the proof is about: that of the invoice, and the one whose ledger it bills."""
    return {proof["invoice"]["plan_id"], *(entry["plan_id"] for entry in proof["ledger"])}


def naming_entry(proof: Mapping[str, Any], invoice_id: str) -> Mapping[str, Any]:
    """Return the entry that names an invoice as it was made; raises `ProofFault`."""
    for content in contents(proof):
        if any(one["invoice_id"] == invoice_id and not one.get("with_tax") for one in _named(content)):
            return content
    raise ProofFault("No entry of the audit log names the invoice.")


def replaced_by(proof: Mapping[str, Any], invoice_id: str) -> str | None:
    """Return the invoice in whose place another one was issued, None where it was made by a step."""
    replaced: str | None = (naming_entry(proof, invoice_id)["detail"] or {}).get("replaces_invoice_id")
    return replaced


def _named(content: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = (content["detail"] or {}).get("invoices", ())
    return found


def _is_of(content: Mapping[str, Any], plans: Collection[str]) -> bool:
    return content["subject_type"] == "plan" and content["subject_id"] in plans


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


def _check_digest(proof: Mapping[str, Any], invoice: Mapping[str, Any], lines: Collection[Mapping[str, Any]]) -> None:
    named = [one for content in contents(proof) for one in _named(content) if one["invoice_id"] == invoice["id"]]
    naming_entry(proof, invoice["id"])
    wanted = {False, *([True] if _is_taxed_by_stripe(invoice, lines) else [])}
    said = {bool(one.get("with_tax")) for one in named}
    demand(wanted <= said, "No entry of the audit log names the tax that Stripe computed.")
    for one in named:
        now = _digest(invoice, lines, later=invoice["automatic_tax"] and not one.get("with_tax"))
        demand(one["digest"] == now, "The invoice or a line of it is not what the audit log has named.")


def _is_taxed_by_stripe(invoice: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> bool:
    return invoice["automatic_tax"] and any(line["tax"] or line["kind"] in _NOT_TAXED for line in lines)


def _digest(invoice: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], *, later: bool) -> str:
    """Return the digest of an invoice; *later* leaves out what Stripe's tax adds to it."""
    outside = (*_OUTSIDE, "tax") if later else _OUTSIDE
    kept = [
        {name: value for name, value in line.items() if name not in outside}
        for line in lines
        if not (later and line["kind"] in _NOT_TAXED)
    ]
    return digest({name: invoice[name] for name in _OF_INVOICE} | {"lines": kept})


def _check_ledger(proof: Mapping[str, Any]) -> None:
    """Demand that each ledger entry is as the log has it; steps of before 0.3 named none."""
    named = {
        (content["subject_id"], one["seq"]): one
        for content in contents(proof)
        for one in (content["detail"] or {}).get("ledger", ())
    }
    for entry in proof["ledger"]:
        said = {name: value for name, value in entry.items() if name != "plan_id"}
        fits = named.get((entry["plan_id"], entry["seq"]), said) == said
        demand(fits, f"Ledger entry {entry['seq']} is not what the audit log has named.")
    known = {entry["seq"] for entry in proof["ledger"]}
    for line in proof["lines"]:
        dropped = sorted(set(line["entries"]) - known)
        demand(not dropped, f"Line {line['n']} bills ledger entry {dropped[:1]}, which the proof lacks.")
