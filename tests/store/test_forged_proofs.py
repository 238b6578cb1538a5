"""A forged number, a dropped entry and a changed rule are each named in one sentence."""

import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from billflow.domain.currencies import CURRENCIES
from billflow.models.keyring import Key
from billflow.models.signatures import public_key_of
from billflow_verify.amounts import step_of
from billflow_verify.faults import ProofFault
from billflow_verify.verification import verify
from tests.store.conftest import BEGIN, Company
from tests.store.proved_lives import DAY, TRUSTED, proofs_of
from tests.waiting import PATIENCE

Proof = dict[str, Any]


def a_license_more(proof: Proof) -> None:
    """Bill one more, with an amount that fits."""
    for holder in (proof["lines"][0], proof["lines"][0]["derivation"]):
        holder["quantity"] += 1
    proof["lines"][0]["amount"] += proof["lines"][0]["unit_amount"]
    proof["invoice"]["total"] += proof["lines"][0]["unit_amount"]


def a_dearer_license(proof: Proof) -> None:
    """Bill a price that was never agreed, with amounts that fit."""
    line = proof["lines"][0]
    line["derivation"]["price"] += 100
    line["unit_amount"] += 100
    line["amount"] += 100 * line["quantity"]
    proof["invoice"]["total"] += 100 * line["quantity"]


def another_rounding(proof: Proof) -> None:
    proof["lines"][0]["derivation"]["rounding"] = "up"


def another_amount(proof: Proof) -> None:
    proof["lines"][0]["amount"] += 1


def another_total(proof: Proof) -> None:
    proof["invoice"]["total"] += 1


def no_ledger(proof: Proof) -> None:
    del proof["ledger"][-1]


def more_in_the_ledger(proof: Proof) -> None:
    """Let the ledger agree with what is billed too much."""
    a_license_more(proof)
    proof["ledger"][-1]["licenses"] += 1


def another_description(proof: Proof) -> None:
    proof["lines"][0]["description"] = "Cloud Plus - renewal"


def another_entry(proof: Proof) -> None:
    entry = proof["audit"][-1]
    entry["content"] = entry["content"].replace('"actor": "', '"actor": "not ')


def another_root(proof: Proof) -> None:
    proof["audit"][-1]["root"]["root"] = "0" * 64


def another_seat_count(proof: Proof) -> None:
    proof["observations"][-1]["members"] += 1


FORGERIES: dict[Callable[[Proof], None], str] = {
    a_license_more: "Line 1 (Cloud Standard - renewal) bills 9 units, and the ledger says 8.",
    a_dearer_license: "Line 1 (Cloud Standard - renewal) has the price 900, which the plan never had.",
    another_rounding: "Line 1 (Cloud Standard - renewal) is rounded 'up', where the rule says 'exact'.",
    another_amount: "Line 1 (Cloud Standard - renewal) is over 6401, and comes to 6400.",
    another_total: "The invoice is over 6401, its lines come to 6400.",
    no_ledger: "The proof lacks ledger entry 2.",
    more_in_the_ledger: "The invoice or a line of it is not what the audit log has named.",
    another_description: "The invoice or a line of it is not what the audit log has named.",
    another_entry: "is not among those that were signed on",
    another_root: "is not what was signed.",
    another_seat_count: "The section 'observations' is not what was signed.",
}


@pytest.fixture
async def proof(company: Company) -> Proof:
    """Return the proof of a renewal for 8 licenses at 800."""
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, 8)
    renewed = await company.close(await company.bought(customer))
    return (await proofs_of(company, renewed.state))[-1]


async def test_each_forgery_is_named(proof: Proof, tmp_path: Path) -> None:
    for forge, sentence in FORGERIES.items():
        forged = deepcopy(proof)
        forge(forged)
        with pytest.raises(ProofFault) as refused:
            verify(forged, TRUSTED)
        assert sentence in str(refused.value)
    with pytest.raises(ProofFault, match="a key that you don't trust"):
        verify(proof, [public_key_of(Key.fresh("another"))])
    assert said_of(proof, tmp_path) == (0, f"{verify(proof, TRUSTED)}\n", "")
    another_amount(proof)
    assert said_of(proof, tmp_path) == (1, "", f"{FORGERIES[another_amount]}\n")


def said_of(proof: Proof, folder: Path) -> tuple[int, str, str]:
    """Return how `billflow-verify` ends for a proof, and what it says."""
    (folder / "proof.json").write_text(json.dumps(proof))
    words = [sys.executable, "-m", "billflow_verify", str(folder / "proof.json"), "--public-key", *TRUSTED]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "keys", "said"),
    [
        ('{"format": 1, "lines": [{"n": 1, "n": 2}]}', TRUSTED, "The proof has 'n' twice in one object.\n"),
        ("[]", TRUSTED, "is no proof: `billflow invoice proof` writes a JSON object.\n"),
        ("{", TRUSTED, "can't be read as JSON: "),
        ("[" * 100_000, TRUSTED, "can't be read as JSON: "),
        ("{}", ["abc"], "abc is no public key: that is 32 bytes of Ed25519 as base64.\n"),
        ("{}", [], "name the key that you trust by --public-key; "),
    ],
)
def test_what_can_t_be_a_proof_or_a_key_is_refused_in_a_sentence(
    text: str, keys: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "proof.json").write_text(text)
    named = [word for key in keys for word in ("--public-key", key)]
    words = [sys.executable, "-m", "billflow_verify", str(tmp_path / "proof.json"), *named]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert (done.returncode, done.stdout) == (1 if keys else 2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_amounts_are_charged_in_the_steps_of_their_currencies() -> None:
    assert {code: step_of(code) for code in CURRENCIES} == {code: one.step for code, one in CURRENCIES.items()}


@pytest.mark.parametrize("nonsense", [None, [], "text", {}, {"format": "billflow.proof/1"}, {"format": 1}])
def test_what_is_no_proof_is_refused(nonsense: object) -> None:
    with pytest.raises(ProofFault):
        verify(nonsense, TRUSTED)
