"""Collecting what is not paid: by the calendar of the policy."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.dunning import (
    DEFAULT_POLICY,
    DunningAction,
    DunningPolicy,
    SmallOrganizationRule,
    UnpaidInvoice,
    WriteOffDecision,
    check_policy,
    decide_write_off,
    next_attempt,
    reminders_of,
    without_consequences,
)
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import CollectionMethod
from tests.domain.builders import DAY, START

Seen = list[tuple[DunningAction, int]]


def a_declined_charge(**changes: object) -> UnpaidInvoice:
    invoice = UnpaidInvoice(
        collection_method=CollectionMethod.CHARGE_AUTOMATICALLY, issued_at=START, failed_at=START, attempts=1
    )
    return replace(invoice, **changes)  # type: ignore[arg-type]


def an_invoice_by_mail() -> UnpaidInvoice:
    return UnpaidInvoice(collection_method=CollectionMethod.SEND_INVOICE, issued_at=START, due_at=START + 15 * DAY)


def lived(policy: DunningPolicy, invoice: UnpaidInvoice) -> Seen:
    """Do all that the policy asks for, in time, and tell on which day after issue each thing happened."""
    seen, now = Seen(), START
    while planned := next_attempt(policy, invoice, now):
        now = planned.at
        seen.append((planned.action, (now - START) // DAY))
        if planned.action is DunningAction.MARK_UNCOLLECTIBLE:
            break
        invoice = carried_out(invoice, planned.action, now)
    return seen


def carried_out(invoice: UnpaidInvoice, action: DunningAction, now: datetime) -> UnpaidInvoice:
    match action:
        case DunningAction.RETRY | DunningAction.AWAIT_CUSTOMER:
            return replace(invoice, attempts=invoice.attempts + 1, failed_at=invoice.failed_at or now)
        case DunningAction.REMIND:
            return replace(invoice, reminders=invoice.reminders + 1)
        case DunningAction.SUSPEND_CUSTOMER:
            return replace(invoice, suspended_at=now)
        case DunningAction.END_PLAN:
            return replace(invoice, plan_ended=True)
        case DunningAction.MARK_UNCOLLECTIBLE:
            raise AssertionError("lived() ends with it")


def test_a_declined_card_is_tried_after_1_3_5_and_7_days_then_the_customer_is_suspended() -> None:
    retry = DunningAction.RETRY

    assert lived(DEFAULT_POLICY, a_declined_charge()) == [
        (retry, 1),
        (retry, 3),
        (retry, 5),
        (retry, 7),
        (DunningAction.SUSPEND_CUSTOMER, 7),
        (DunningAction.END_PLAN, 37),
    ]


def test_a_payment_that_needs_the_customer_is_not_charged_again() -> None:
    actions = {action for action, _ in lived(DEFAULT_POLICY, a_declined_charge(requires_action=True))}

    assert DunningAction.RETRY not in actions
    assert DunningAction.AWAIT_CUSTOMER in actions


def test_an_invoice_by_mail_is_reminded_of_before_on_and_after_its_due_date() -> None:
    remind = DunningAction.REMIND

    assert lived(DEFAULT_POLICY, an_invoice_by_mail()) == [
        (remind, 12),
        (remind, 15),
        (remind, 22),
        (DunningAction.SUSPEND_CUSTOMER, 22),
        (DunningAction.END_PLAN, 52),
    ]


def test_a_first_charge_is_tried_at_once() -> None:
    planned = next_attempt(DEFAULT_POLICY, a_declined_charge(attempts=0, failed_at=None), START)

    assert planned is not None
    assert (planned.action, planned.at) == (DunningAction.RETRY, START)


def test_a_policy_may_stop_short_of_suspension_and_of_ending() -> None:
    patient = DunningPolicy(suspend_customer=False, end_plan_after_days=None)

    assert {action for action, _ in lived(patient, a_declined_charge())} == {DunningAction.RETRY}


def test_a_policy_may_give_the_debt_up_in_the_end() -> None:
    forgiving = DunningPolicy(end_plan_after_days=None, mark_uncollectible=True)

    assert lived(forgiving, a_declined_charge())[-2:] == [
        (DunningAction.SUSPEND_CUSTOMER, 7),
        (DunningAction.MARK_UNCOLLECTIBLE, 7),
    ]


def test_a_purchase_is_tried_as_long_and_nobody_is_suspended_for_it() -> None:
    actions = {action for action, _ in lived(without_consequences(DEFAULT_POLICY), a_declined_charge())}

    assert actions == {DunningAction.RETRY}


def test_after_an_outage_one_retry_and_one_reminder_stand_for_all_that_were_missed() -> None:
    late = START + 6 * DAY
    retry = next_attempt(DEFAULT_POLICY, a_declined_charge(), late)
    reminder = next_attempt(DEFAULT_POLICY, an_invoice_by_mail(), START + 16 * DAY)

    assert retry is not None
    assert (retry.action, retry.at, retry.number) == (DunningAction.RETRY, late, 3)
    assert reminder is not None
    assert (reminder.action, reminder.number) == (DunningAction.REMIND, 2)


def test_nobody_is_reminded_before_the_invoice_was_issued() -> None:
    soon_due = replace(an_invoice_by_mail(), due_at=START + DAY)

    assert lived(DEFAULT_POLICY, soon_due)[:2] == [(DunningAction.REMIND, 1), (DunningAction.REMIND, 8)]


def test_a_policy_may_end_the_plan_without_suspending() -> None:
    strict = DunningPolicy(retry_after_days=(2,), suspend_customer=False, end_plan_after_days=3)

    assert lived(strict, a_declined_charge()) == [(DunningAction.RETRY, 2), (DunningAction.END_PLAN, 5)]


@given(late=st.integers(0, 100), attempts=st.integers(1, 5))
def test_nothing_is_planned_in_the_past(late: int, attempts: int) -> None:
    now = START + late * DAY
    planned = next_attempt(DEFAULT_POLICY, a_declined_charge(attempts=attempts), now)

    assert planned is not None
    assert planned.at >= now


@pytest.mark.parametrize(
    ("seats", "has_plan", "newest", "decided"),
    [
        (3, True, (True, True), WriteOffDecision(end_plan=True, void_open_invoices=True, notify_owners=True)),
        (3, True, (True, False, True), WriteOffDecision()),
        (3, True, (True,), WriteOffDecision()),
        (5, True, (True, True), WriteOffDecision()),
        (3, False, (True,), WriteOffDecision(void_open_invoices=True)),
        (3, False, (False, True), WriteOffDecision()),
        (3, False, (), WriteOffDecision()),
    ],
)
def test_small_organizations_behind_on_payments_are_written_off(
    seats: int, has_plan: bool, newest: tuple[bool, ...], decided: WriteOffDecision
) -> None:
    rule = SmallOrganizationRule()

    assert decide_write_off(rule, seats=seats, has_live_plan=has_plan, newest_open=newest) == decided


@pytest.mark.parametrize(
    ("policy", "due", "day"),
    [
        (DEFAULT_POLICY, START + 15 * DAY, 22),
        (DEFAULT_POLICY, None, 7),
        (replace(DEFAULT_POLICY, reminder_days=()), START + 15 * DAY, 15),
    ],
    ids=["after the last reminder", "without a due date", "without reminders"],
)
def test_a_sent_invoice_is_given_up_after_its_last_reminder(
    policy: DunningPolicy, due: datetime | None, day: int
) -> None:
    reminded = replace(an_invoice_by_mail(), due_at=due, reminders=len(policy.reminder_days))

    planned = next_attempt(policy, reminded, START)

    assert planned is not None
    assert (planned.action, planned.at) == (DunningAction.SUSPEND_CUSTOMER, START + day * DAY)


def test_nobody_is_reminded_of_an_invoice_at_the_moment_it_is_issued() -> None:
    soon_due = replace(an_invoice_by_mail(), due_at=START + 3 * DAY)

    assert [(at - START) // DAY for at in reminders_of(DEFAULT_POLICY, soon_due)] == [3, 10]


def test_at_the_moment_of_a_reminder_those_before_it_are_passed_over() -> None:
    planned = next_attempt(DEFAULT_POLICY, an_invoice_by_mail(), START + 15 * DAY)

    assert planned is not None
    assert (planned.action, planned.at, planned.number) == (DunningAction.REMIND, START + 15 * DAY, 2)


def test_the_days_of_a_policy_lie_within_its_bounds_and_each_comes_once() -> None:
    def rule(seats: int, invoices: int) -> dict[str, Any]:
        return {"small_organizations": SmallOrganizationRule(seats=seats, invoices=invoices)}

    accepted: list[dict[str, Any]] = [
        {"retry_after_days": (1, 365)},
        {"retry_after_days": tuple(range(1, 21))},
        {"retry_after_days": ()},
        {"reminder_days": (-60, 365)},
        {"end_plan_after_days": 0},
        {"end_plan_after_days": 365},
        {"end_plan_after_days": None},
        rule(2, 1),
        rule(1_000, 24),
    ]
    for terms in accepted:
        check_policy(DunningPolicy(**terms))
    refused: list[tuple[str, dict[str, Any]]] = [
        ("retry_after_days", {"retry_after_days": (0, 3)}),
        ("retry_after_days", {"retry_after_days": (1, 366)}),
        ("retry_after_days", {"retry_after_days": tuple(range(1, 22))}),
        ("retry_after_days", {"retry_after_days": (3, 3)}),
        ("reminder_days", {"reminder_days": (-61, 0)}),
        ("reminder_days", {"reminder_days": (3, 1)}),
        ("reminder_days", {"reminder_days": (0, 366)}),
        ("end_plan_after_days", {"end_plan_after_days": -1}),
        ("end_plan_after_days", {"end_plan_after_days": 366}),
        ("small_organizations.seats", rule(1, 2)),
        ("small_organizations.seats", rule(1_001, 2)),
        ("small_organizations.invoices", rule(5, 0)),
        ("small_organizations.invoices", rule(5, 25)),
    ]
    for field, terms in refused:
        with pytest.raises(InvalidInput, match=field) as refusal:
            check_policy(DunningPolicy(**terms))
        assert refusal.value.field == field


def test_a_purchase_has_none_of_the_consequences() -> None:
    strict = DunningPolicy(retry_after_days=(2,), reminder_days=(1,), mark_uncollectible=True)

    assert without_consequences(strict) == DunningPolicy(
        retry_after_days=(2,),
        reminder_days=(1,),
        suspend_customer=False,
        end_plan_after_days=None,
        mark_uncollectible=False,
    )


def test_the_days_count_from_the_first_failed_charge() -> None:
    later = a_declined_charge(failed_at=START + 5 * DAY)

    assert lived(DEFAULT_POLICY, later)[-2:] == [(DunningAction.SUSPEND_CUSTOMER, 12), (DunningAction.END_PLAN, 42)]
    assert lived(DunningPolicy(retry_after_days=()), later)[0] == (DunningAction.SUSPEND_CUSTOMER, 5)
    unanswered = next_attempt(DEFAULT_POLICY, a_declined_charge(failed_at=None), START)
    assert unanswered is not None
    assert (unanswered.action, unanswered.at, unanswered.number) == (DunningAction.RETRY, START, 1)
