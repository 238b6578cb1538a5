"""What is forged of an invoice that builds on others is named in one sentence: a part, a correction, a tax."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from billflow_verify.faults import ProofFault
from billflow_verify.verification import verify
from tests.sizes import some
from tests.store.conftest import Company
from tests.store.proved_lives import TRUSTED, proofs_of
from tests.store.test_proved_kinds import ALL

Proof = dict[str, Any]


def line_of(proof: Proof, kind: str) -> dict[str, Any]:
    """Return the first line of a kind."""
    return next(line for line in proof["lines"] if line["kind"] == kind)


def more(proof: Proof, kind: str) -> None:
    """Bill a unit more, with an amount and a total that fit."""
    line = line_of(proof, kind)
    line["quantity"] += 1
    line["derivation"]["quantity"] += 1
    line["amount"] += line["unit_amount"]
    proof["invoice"]["total"] += line["unit_amount"]


def a_license_more_in_a_part(proof: Proof) -> None:
    more(proof, "renewal")


def no_other_parts(proof: Proof) -> None:
    proof["others"] = []


def one_part_less(proof: Proof) -> None:
    """Bill one of the parts of an item no more, with a total that fits."""
    line = line_of(proof, "item")
    proof["lines"].remove(line)
    for n, one in enumerate(proof["lines"], 1):
        one["n"] = n
    proof["invoice"]["total"] -= line["amount"]


def a_price_that_nobody_corrected(proof: Proof) -> None:
    line_of(proof, "item")["derivation"]["note"] = None


def a_correction_of_something_else(proof: Proof) -> None:
    line = line_of(proof, "initial_upgrade")
    line["derivation"]["note"] = line["derivation"]["note"].replace("corrected, 10 x", "corrected, 11 x")


def a_line_that_was_dropped(proof: Proof) -> None:
    line = line_of(proof, "item")
    proof["lines"].remove(line)
    for n, one in enumerate(proof["lines"], 1):
        one["n"] = n
    proof["invoice"]["total"] -= line["amount"]


def a_cent_more_tax(proof: Proof) -> None:
    line_of(proof, "initial_upgrade")["tax"] += 1


def a_higher_rate(proof: Proof) -> None:
    line_of(proof, "tax")["applied_tax"]["percent"] = "29"


def less_billed_before(proof: Proof) -> None:
    line = line_of(proof, "end_date_change")
    line["derivation"]["less"] -= 1
    line["unit_amount"] += 1
    line["amount"] += line["quantity"]
    proof["invoice"]["total"] += line["quantity"]


def more_that_was_added(proof: Proof) -> None:
    more(proof, "end_date_change")


def a_larger_credit(proof: Proof) -> None:
    """Let the log say that more was credited than was kept."""
    for entry in proof["audit"]:
        content = json.loads(entry["content"])
        if "tier_change_credit" in content["detail"]:
            content["detail"]["tier_change_credit"]["amount"] += 1
            entry["content"] = json.dumps(content)


FORGERIES: dict[Callable[[Proof], None], tuple[str, str, str]] = {
    a_license_more_in_a_part: ("divided_by_licenses", "renewal", "units, and the ledger says"),
    no_other_parts: ("divided_by_licenses", "renewal", "which was made in the same step."),
    one_part_less: ("divided_by_amounts", "item", "parts, and not all are there."),
    a_price_that_nobody_corrected: (
        "an_instalment_issued_again",
        "item",
        "differs from the one it stands for, and was not",
    ),
    a_correction_of_something_else: ("issued_again_by_stripe", "tax", "billed 10 units before, not 11."),
    a_line_that_was_dropped: ("an_instalment_issued_again", "item", "of the invoice before was dropped."),
    a_cent_more_tax: ("issued_again_by_stripe", "tax", "of the tax, and it is"),
    a_higher_rate: ("issued_again_by_stripe", "tax", "its rate on"),
    less_billed_before: ("with_end_dates_that_move", "end_date_change", "were billed before."),
    more_that_was_added: ("with_end_dates_that_move", "end_date_change", "were added."),
    a_larger_credit: ("on_a_higher_tier", "renewal", "The change of tier credits"),
}
"""For each forgery the life and a kind of line of the newest invoice that it is about, and what is said of it."""


def newest_with(proofs: list[Proof], kind: str) -> Proof:
    """Return a copy of the newest proof with a line of a kind."""
    return deepcopy(next(proof for proof in reversed(proofs) if any(line["kind"] == kind for line in proof["lines"])))


FORGED = sorted({life for life, _, _ in FORGERIES.values()})


@pytest.mark.parametrize("life", some(2, FORGED))
async def test_each_forgery_of_what_builds_on_others_is_named(company: Company, life: str) -> None:
    proofs = await proofs_of(company, await ALL[life](company, Random(11)))

    for forge, (of_life, kind, sentence) in FORGERIES.items():
        if of_life == life:
            forged = newest_with(proofs, kind)
            forge(forged)
            with pytest.raises(ProofFault) as refused:
                verify(forged, TRUSTED)
            assert sentence in str(refused.value), forge.__name__
