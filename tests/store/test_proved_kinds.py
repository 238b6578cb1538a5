"""Every kind of line and every way to make an invoice has a proof that holds: add a kind here with its life."""

import ast
from pathlib import Path
from random import Random
from typing import Any

import pytest

import billflow.domain
from billflow.domain.invoicing.draft import InvoiceKind, LineKind
from billflow_verify.line_rules import RULES
from billflow_verify.verification import verify
from tests.sizes import further
from tests.store.conftest import Company
from tests.store.proved_changes import CHANGES
from tests.store.proved_lives import LIVES, TRUSTED, Life, proofs_of
from tests.store.proved_reissues import REISSUES

ALL: dict[str, Life] = {**LIVES, **CHANGES, **REISSUES}

KINDS: dict[LineKind, str] = {
    LineKind.INITIAL_UPGRADE: "monthly",
    LineKind.FIXED_PRICE_UPGRADE: "at_a_yearly_price",
    LineKind.RENEWAL: "monthly",
    LineKind.FIXED_PRICE_RENEWAL: "at_a_fixed_price",
    LineKind.ADDITIONAL_LICENSES: "on_a_higher_tier",
    LineKind.FLAT_DISCOUNT: "with_a_flat_discount",
    LineKind.END_DATE_CHANGE: "with_end_dates_that_move",
    LineKind.CREDIT_TO_BALANCE: "with_end_dates_that_move",
    LineKind.COUPON: "with_a_percentage_off",
    LineKind.ITEM: "with_items_and_add_ons",
    LineKind.ADD_ON: "with_items_and_add_ons",
    LineKind.ADDITIONAL_ADD_ON: "with_items_and_add_ons",
    LineKind.ADD_ON_END_DATE_CHANGE: "with_end_dates_that_move",
    LineKind.TAX: "with_tax",
}
"""For each kind of line a life that bills one."""

WAYS: dict[str, tuple[str, ...]] = {
    "purchase_invoice": ("monthly", "at_a_yearly_price"),
    "trial_invoice": ("after_a_sent_trial", "after_a_trial_paid_late"),
    "recurring_invoice": ("after_a_trial", "with_more_seats_than_bought", "after_a_suspension", "moved_in"),
    "draft_in_parts": ("divided_by_licenses", "divided_by_amounts", "divided_with_tax"),
    "reissue": (
        "issued_again",
        "an_instalment_issued_again",
        "a_part_issued_again",
        "issued_again_with_a_flat_discount",
    ),
    "taxed_by_stripe": ("taxed_by_stripe", "credited_by_stripe", "issued_again_by_stripe"),
    "upgrade_tier_now": ("on_a_higher_tier",),
    "successor": ("on_another_schedule", "followed_by_another_tier"),
}
"""For each way in which the domain makes an invoice, or its lines, the lives that go it."""


FIRST = ("with_items_and_add_ons", "with_end_dates_that_move", "with_tax", "issued_again", "on_a_higher_tier")
"""Lives with many kinds of lines and ways to make an invoice, for the small size."""


def test_no_kind_of_line_and_no_life_is_forgotten() -> None:
    assert set(KINDS) == set(LineKind)
    assert set(RULES) == set(LineKind) - {LineKind.TAX}
    named = {life for lives in WAYS.values() for life in lives} | set(KINDS.values())
    assert {*CHANGES, *REISSUES} <= named <= set(ALL)


def test_no_way_to_make_an_invoice_is_forgotten() -> None:
    makers = {"InvoiceDraft", "replace"}
    made = set()
    for file in Path(billflow.domain.__path__[0]).rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and any(_makes(node, makers) for node in ast.walk(function)):
                made.add(function.name)
    assert made == {"_first_invoice", "recurring_invoice", "reissue"}
    assert {"purchase_invoice", "trial_invoice", *made} - {"_first_invoice"} <= set(WAYS)


def _makes(node: ast.AST, makers: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers - {"replace"}


@pytest.mark.parametrize("life", [*FIRST, *further(*(life for life in ALL if life not in FIRST))])
async def test_each_invoice_of_a_life_is_proved(company: Company, life: str) -> None:
    proofs = await proofs_of(company, await ALL[life](company, Random(11)))

    assert proofs
    assert [verify(proof, TRUSTED).split(" is ", 1)[1].split(":")[0] for proof in proofs] == ["proved"] * len(proofs)
    assert {kind for kind, named in KINDS.items() if named == life} <= {LineKind(kind) for kind in kinds_of(proofs)}
    if life in WAYS["draft_in_parts"]:
        assert any(len(names_of(proof)) > 1 for proof in proofs)
    if life in WAYS["reissue"]:
        assert any(len(proof["others"]) > 0 for proof in proofs)
    if life in WAYS["trial_invoice"]:
        assert InvoiceKind.TRIAL_PURCHASE in {proof["invoice"]["kind"] for proof in proofs}


def kinds_of(proofs: list[dict[str, Any]]) -> set[str]:
    """Return the kinds of the lines of proofs."""
    return {line["kind"] for proof in proofs for line in proof["lines"]}


def names_of(proof: dict[str, Any]) -> set[str]:
    """Return the invoices of a proof that were made at its moment."""
    at = proof["invoice"]["issued_at"]
    return {one["invoice"]["id"] for one in (proof, *proof["others"]) if one["invoice"]["issued_at"] == at}
