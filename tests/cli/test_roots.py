"""The audit log is signed at the command line, and what was signed is kept in a file that the log is held against."""

import json
from pathlib import Path

import pytest

from billflow.models.contracts.audit import AuditRoot
from billflow.models.signatures import is_signed
from billflow_verify.verification import verify
from tests.cli.terminal import Terminal, assert_refused, billflow, environment


@pytest.mark.full
def test_a_new_key_is_shown_once_with_its_public_key(tmp_path: Path) -> None:
    made = billflow("keys", "create-signing", "first", "--json", env=environment(tmp_path)).data
    known = environment(tmp_path, BILLFLOW_SIGNING_KEYS=made["signing_key"])

    listed = billflow("audit", "signing-keys", "--json", env=known).data["signing_keys"]

    assert listed == [{"key_id": "first", "public_key": made["public_key"]}]
    assert_refused(billflow("keys", "create-signing", "not an id", env=known), "must look like")


def test_what_is_signed_is_written_to_a_file_that_the_log_is_held_against(terminal: Terminal, tmp_path: Path) -> None:
    terminal("customer", "create", "Acme", "billing@acme.example")
    signed = terminal("audit", "sign", "--now", "--json").data["roots"]
    file = tmp_path / "roots.jsonl"
    assert f"to {file}" in terminal("audit", "roots", "--file", str(file)).out

    kept = [AuditRoot.model_validate_json(line) for line in file.read_text().splitlines()]

    assert kept[-1].model_dump(mode="json") == signed[-1]
    assert all(is_signed(root.statement(), root.signature, root.public_key) for root in kept)
    assert "are as they were written" in terminal("audit", "verify", "--roots", str(file)).out
    forged = json.loads(file.read_text().splitlines()[-1]) | {"root": "0" * 64}
    file.write_text(json.dumps(forged))
    refused = terminal("audit", "verify", "--roots", str(file))
    assert (refused.code, "the root is not signed by its key" in refused.err) == (1, True)
    file.write_text("nonsense")
    assert_refused(terminal("audit", "verify", "--roots", str(file)), "has no roots")


def test_a_sent_invoice_is_proved_by_a_file_once_today_is_signed(terminal: Terminal, tmp_path: Path) -> None:
    options = ("--tier", "cloud_standard", "--schedule", "monthly", "--licenses", "3", "--license-management", "manual")
    sent = ("--collection-method", "send_invoice")
    customer = terminal.customer()
    assert terminal("plan", "start", customer, *options, *sent).code == 0
    (invoice,) = (one["id"] for one in terminal("invoice", "list", "--customer", customer, "--json").data["invoices"])
    assert_refused(terminal("invoice", "proof", invoice), "isn't signed yet")
    terminal("audit", "sign", "--now")
    file = tmp_path / "proof.json"

    assert terminal("invoice", "proof", invoice, "-o", str(file)).out == f"Wrote {file}.\n"

    proof, keys = json.loads(file.read_text()), terminal("audit", "signing-keys", "--json").data["signing_keys"]
    assert "over 2400 minor units of USD is proved" in verify(proof, [key["public_key"] for key in keys])
    assert json.loads(terminal("invoice", "proof", invoice).out)["lines"] == proof["lines"]
