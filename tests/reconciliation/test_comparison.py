"""Which disagreements of rows, Stripe and workflows are found, how bad they are, and what may repair them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billflow.domain.reconciliation import (
    BilledInvoice,
    Finding,
    FindingKind,
    LivePlan,
    PlanStanding,
    Repair,
    Severity,
    StripeInvoice,
    compare_invoice,
    compare_orphan,
    compare_plan,
)

Seen = tuple[FindingKind, Severity, Repair | None]
ACTIVE = PlanStanding(status="active", due_at=datetime(2026, 12, 1, tzinfo=UTC), version=5)


def recorded(status: str, **more: object) -> BilledInvoice:
    """Return a debt of 50.00 as our rows have it."""
    values = {"invoice_id": "ours", "status": status, "total": 5000, "currency": "EUR", "stripe_invoice_id": "in_1"}
    return BilledInvoice(**(values | more))  # type: ignore[arg-type]


def held(status: str, number: int = 1, *, total: int = 5000, currency: str = "EUR") -> StripeInvoice:
    """Return the same debt as Stripe has it."""
    return StripeInvoice(
        stripe_invoice_id=f"in_{number}", invoice_id="ours", status=status, total=total, currency=currency
    )


def seen(findings: list[Finding]) -> list[Seen]:
    """Return what counts of findings."""
    return [(finding.kind, finding.severity, finding.repair) for finding in findings]


@pytest.mark.parametrize("status", ["draft", "open", "paid", "void", "uncollectible"])
def test_two_accounts_that_agree_are_no_finding(status: str) -> None:
    assert [*compare_invoice(recorded(status), [held(status)])] == []


@pytest.mark.parametrize(
    ("ours", "theirs", "kind", "severity", "repair"),
    [
        ("open", "paid", FindingKind.UNSEEN_PAYMENT, Severity.CRITICAL, Repair.RECORD_STATE),
        ("draft", "paid", FindingKind.UNSEEN_PAYMENT, Severity.CRITICAL, Repair.RECORD_STATE),
        ("void", "paid", FindingKind.UNSEEN_PAYMENT, Severity.CRITICAL, Repair.RECORD_STATE),
        ("uncollectible", "paid", FindingKind.UNSEEN_PAYMENT, Severity.CRITICAL, Repair.RECORD_STATE),
        ("open", "void", FindingKind.WRONG_STATE, Severity.WARNING, Repair.RECORD_STATE),
        ("open", "uncollectible", FindingKind.WRONG_STATE, Severity.WARNING, Repair.RECORD_STATE),
        ("uncollectible", "void", FindingKind.WRONG_STATE, Severity.WARNING, Repair.RECORD_STATE),
        ("draft", "open", FindingKind.WRONG_STATE, Severity.WARNING, Repair.COLLECT),
        ("open", "draft", FindingKind.WRONG_STATE, Severity.WARNING, Repair.COLLECT),
        ("void", "open", FindingKind.WRONG_STATE, Severity.CRITICAL, Repair.VOID),
        ("void", "draft", FindingKind.WRONG_STATE, Severity.CRITICAL, Repair.VOID),
        ("paid", "open", FindingKind.WRONG_STATE, Severity.CRITICAL, None),
        ("paid", "void", FindingKind.WRONG_STATE, Severity.CRITICAL, None),
        ("uncollectible", "open", FindingKind.WRONG_STATE, Severity.NOTICE, None),
    ],
)
def test_a_state_is_repaired_only_towards_what_stripe_or_a_step_decided(
    ours: str, theirs: str, kind: FindingKind, severity: Severity, repair: Repair | None
) -> None:
    [finding] = compare_invoice(recorded(ours), [held(theirs)])

    assert seen([finding]) == [(kind, severity, repair)]
    assert finding.closed_as == (theirs if repair is Repair.RECORD_STATE else None)


@pytest.mark.parametrize(
    ("status", "repair"),
    [("open", Repair.COLLECT), ("paid", Repair.RECORD_STATE), ("uncollectible", Repair.RECORD_STATE)],
)
def test_a_debt_that_nobody_noted_the_issue_of_is_noted_even_when_closed(status: str, repair: Repair) -> None:
    found = [*compare_invoice(recorded(status, stripe_invoice_id=None), [held(status)])]

    assert seen(found) == [(FindingKind.WRONG_STATE, Severity.WARNING, repair)]


def test_a_debt_that_was_never_sent_is_handed_to_its_collection() -> None:
    found = [*compare_invoice(recorded("draft", stripe_invoice_id=None), [])]

    assert seen(found) == [(FindingKind.MISSING, Severity.WARNING, Repair.COLLECT)]


def test_a_debt_that_stripe_has_lost_is_issued_anew_and_what_is_closed_left_to_a_person() -> None:
    for status in ("paid", "uncollectible", "void"):
        found = [*compare_invoice(recorded(status), [])]
        assert seen(found) == [(FindingKind.MISSING, Severity.CRITICAL, None)]
    found = [*compare_invoice(recorded("open"), [])]
    assert seen(found) == [(FindingKind.MISSING, Severity.WARNING, Repair.REPLACE_INVOICE)]


def test_a_debt_voided_before_it_was_sent_is_missed_by_nobody() -> None:
    assert [*compare_invoice(recorded("void", stripe_invoice_id=None), [])] == []


def test_a_debt_that_may_still_be_on_its_way_is_left_alone() -> None:
    assert [*compare_invoice(recorded("draft", stripe_invoice_id=None, is_young=True), [])] == []
    assert [*compare_invoice(recorded("draft", is_young=True), [held("open")])] == []
    assert [*compare_invoice(recorded("open", is_young=True, is_collected=False), [held("open")])] == []


def test_an_open_invoice_that_nothing_collects_is_handed_to_a_collection() -> None:
    found = [*compare_invoice(recorded("open", is_collected=False), [held("open")])]

    assert seen(found) == [(FindingKind.UNCOLLECTED, Severity.WARNING, Repair.COLLECT)]


def test_surplus_drafts_are_deleted_and_the_issued_invoice_stays() -> None:
    [finding] = compare_invoice(recorded("paid"), [held("draft", 3), held("paid", 1), held("draft", 2)])

    assert seen([finding]) == [(FindingKind.DOUBLE, Severity.NOTICE, Repair.DELETE_DRAFTS)]
    assert finding.stripe_invoice_ids == ("in_3", "in_2")


def test_of_two_drafts_one_stays() -> None:
    [double] = compare_invoice(recorded("draft"), [held("draft", 1), held("draft", 2)])

    assert (double.kind, double.stripe_invoice_ids) == (FindingKind.DOUBLE, ("in_2",))


def test_a_debt_issued_twice_is_left_to_a_person() -> None:
    [finding] = compare_invoice(recorded("paid"), [held("paid", 1), held("open", 2)])

    assert seen([finding]) == [(FindingKind.DOUBLE, Severity.CRITICAL, None)]
    assert finding.stripe_invoice_ids == ("in_1", "in_2")


def test_a_voided_twin_harms_nobody() -> None:
    assert [*compare_invoice(recorded("paid"), [held("void", 2), held("paid", 1)])] == []


@pytest.mark.parametrize("theirs", [held("paid", total=5001), held("paid", currency="USD")])
def test_another_amount_is_never_repaired_by_itself(theirs: StripeInvoice) -> None:
    found = [*compare_invoice(recorded("open"), [theirs])]

    assert seen(found) == [(FindingKind.WRONG_AMOUNT, Severity.CRITICAL, None)]
    assert "EUR 50 open in our records" in found[0].message


def test_a_draft_whose_lines_are_still_to_come_is_completed_and_not_called_wrong() -> None:
    found = [*compare_invoice(recorded("draft", stripe_invoice_id=None), [held("draft", total=0)])]

    assert seen(found) == [(FindingKind.WRONG_STATE, Severity.WARNING, Repair.COLLECT)]


def test_a_draft_over_another_amount_is_left_to_a_person() -> None:
    found = [*compare_invoice(recorded("draft", stripe_invoice_id=None), [held("draft", total=1)])]

    assert seen(found) == [(FindingKind.WRONG_AMOUNT, Severity.WARNING, None)]


def test_an_orphan_that_can_be_paid_is_worse_than_a_draft() -> None:
    assert seen([compare_orphan(held("open"))]) == [(FindingKind.ORPHAN, Severity.CRITICAL, None)]
    assert seen([compare_orphan(held("draft"))]) == [(FindingKind.ORPHAN, Severity.NOTICE, None)]
    assert "refund it" in compare_orphan(held("paid")).message


@pytest.mark.parametrize(
    ("is_live", "running", "expected"),
    [
        (True, ACTIVE, None),
        (False, None, None),
        (True, None, (FindingKind.PLAN_WITHOUT_WORKFLOW, Severity.WARNING, Repair.START_PLAN)),
        (False, ACTIVE, (FindingKind.WORKFLOW_OF_ENDED_PLAN, Severity.NOTICE, Repair.WAKE_PLAN)),
        (None, ACTIVE, (FindingKind.WORKFLOW_OF_ENDED_PLAN, Severity.WARNING, None)),
    ],
)
def test_a_plan_lives_exactly_as_long_as_its_workflow(
    is_live: bool | None, running: PlanStanding | None, expected: Seen | None
) -> None:
    plan = LivePlan(plan_id="plan", is_live=is_live, recorded=ACTIVE if is_live else None, running=running)
    found = compare_plan(plan)

    assert seen([found] if found else []) == ([expected] if expected else [])


@pytest.mark.parametrize("theirs", [[], [held("void")]], ids=["never at Stripe", "void there"])
def test_what_a_void_invoice_leaves_unbilled_is_for_people_to_decide(theirs: list[StripeInvoice]) -> None:
    ours = recorded("void", is_unbilled=True, stripe_invoice_id="in_1" if theirs else None)

    assert seen([*compare_invoice(ours, theirs)]) == [(FindingKind.NOT_BILLED, Severity.WARNING, None)]
    assert [*compare_invoice(replace(ours, is_young=True), theirs)] == []


@pytest.mark.parametrize(
    "running",
    [
        replace(ACTIVE, status="free_trial"),
        replace(ACTIVE, due_at=datetime(2027, 1, 1, tzinfo=UTC)),
        replace(ACTIVE, due_at=None),
        replace(ACTIVE, version=6),
    ],
)
def test_a_workflow_that_stands_elsewhere_than_the_rows_is_woken(running: PlanStanding) -> None:
    found = compare_plan(LivePlan(plan_id="plan", is_live=True, recorded=ACTIVE, running=running))

    assert found is not None
    assert seen([found]) == [(FindingKind.WORKFLOW_DIFFERS, Severity.WARNING, Repair.WAKE_PLAN)]
    assert found.message.startswith("active, due 2026-12-01 00:00:00, version 5 in our records, ")


def test_a_workflow_from_before_versions_were_shown_is_compared_by_the_rest() -> None:
    known = replace(ACTIVE, version=None)
    late = replace(known, due_at=None)

    agreeing = LivePlan(plan_id="plan", is_live=True, recorded=ACTIVE, running=known)
    assert compare_plan(agreeing) is None
    assert compare_plan(replace(agreeing, running=late)) is not None
