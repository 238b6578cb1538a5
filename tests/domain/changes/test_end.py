"""Letting a plan end, taking that back, and moving its end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billflow.domain.commands import (
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    DowngradeAtEndOfFreeTrial,
    EndNow,
    ExtendTrial,
    PlanCommand,
    Retry,
    SetEndDate,
)
from billflow.domain.errors import InvalidInput
from billflow.domain.ledger import Disposition
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import Plan, PlanStatus
from billflow.domain.step import PlanEvent
from tests.domain.builders import DAY, START, a_plan, an_entry, at, some_facts

DUE = at("2024-02-29T10:00")
TRIAL = a_plan(status=PlanStatus.FREE_TRIAL)


@pytest.mark.parametrize(
    ("plan", "command", "status", "event"),
    [
        (
            a_plan(),
            DowngradeAtEndOfCycle(),
            PlanStatus.DOWNGRADE_AT_END_OF_CYCLE,
            PlanEvent("plan.downgrade_scheduled", {}),
        ),
        (
            TRIAL,
            DowngradeAtEndOfFreeTrial(),
            PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL,
            PlanEvent("plan.downgrade_scheduled", {}),
        ),
        (
            a_plan(status=PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL),
            CancelScheduledChange(),
            PlanStatus.FREE_TRIAL,
            PlanEvent("plan.scheduled_change_canceled", {}),
        ),
        (
            a_plan(status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE),
            CancelScheduledChange(),
            PlanStatus.ACTIVE,
            PlanEvent("plan.scheduled_change_canceled", {}),
        ),
        (a_plan(), Retry(), PlanStatus.ACTIVE, PlanEvent("plan.retry_requested", {})),
    ],
)
def test_an_end_is_scheduled_and_taken_back_without_touching_anything_else(
    plan: Plan, command: PlanCommand, status: PlanStatus, event: PlanEvent
) -> None:
    outcome = take_command(some_facts(plan=plan), command, START + DAY)

    assert outcome.plan == replace(plan, status=status)
    assert outcome.events == (event,)
    assert (outcome.invoices, outcome.entries, outcome.scheduled) == ((), (), None)


@pytest.mark.parametrize("command", [CancelScheduledChange(), EndNow()])
def test_a_plan_that_was_to_follow_never_starts_once_the_change_is_off(command: PlanCommand) -> None:
    plan = a_plan(status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, end_date=DUE)
    follower = a_plan(id="next", status=PlanStatus.NEVER_STARTED)

    outcome = take_command(some_facts(plan=plan, next_plan=follower), command, START + DAY)

    assert outcome.scheduled == replace(follower, status=PlanStatus.ENDED, next_invoice_date=None, ended_at=START + DAY)


@pytest.mark.parametrize(
    ("status", "asked", "voided"),
    [
        (PlanStatus.ACTIVE, False, False),
        (PlanStatus.ACTIVE, True, True),
        (PlanStatus.NEVER_STARTED, False, True),
    ],
)
def test_a_plan_ended_now_is_over_and_what_was_added_is_forgiven(status: PlanStatus, asked: bool, voided: bool) -> None:
    ledger = (an_entry(1, START, 10), an_entry(2, START + DAY, 12))
    facts = some_facts(plan=a_plan(status=status), ledger=ledger)

    outcome = take_command(facts, EndNow(void_open_invoices=asked), START + 2 * DAY)

    assert (outcome.plan.status, outcome.plan.ended_at) == (PlanStatus.ENDED, START + 2 * DAY)
    assert outcome.plan.next_invoice_date is None
    assert outcome.allocated == {2: Disposition.FORGIVEN}
    assert outcome.void_open_invoices is voided
    assert outcome.events == (PlanEvent("plan.ended", {"reason": "ended_now"}),)


def test_an_end_date_is_set_in_whole_seconds_and_its_review_is_asked_for_anew() -> None:
    plan = a_plan(review_reminder_sent=True)
    command = SetEndDate(end_date=DUE + timedelta(microseconds=5))

    outcome = take_command(some_facts(plan=plan), command, START + DAY)

    assert outcome.plan == replace(plan, end_date=DUE, review_reminder_sent=False)
    assert outcome.events == (PlanEvent("plan.end_date_set", {"end_date": DUE}),)


@pytest.mark.parametrize(("seconds", "fits"), [(0, False), (1, True)])
def test_an_end_date_lies_after_the_moment_it_is_set_at(seconds: int, fits: bool) -> None:
    moment = START + DAY
    command = SetEndDate(end_date=moment + timedelta(seconds=seconds))
    if fits:
        assert take_command(some_facts(), command, moment).plan.end_date == command.end_date
        return
    with pytest.raises(InvalidInput) as refusal:
        take_command(some_facts(), command, moment)

    assert (refusal.value.code, refusal.value.field) == ("end_date_in_the_past", "end_date")


def test_a_longer_trial_has_that_many_days_of_24_hours_more() -> None:
    outcome = take_command(some_facts(plan=TRIAL), ExtendTrial(days=31), START + DAY)

    assert outcome.plan == replace(TRIAL, next_invoice_date=at("2024-03-31T10:00"))
    assert outcome.events == (PlanEvent("plan.trial_extended", {"ends": at("2024-03-31T10:00")}),)
