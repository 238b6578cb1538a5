"""Moving a plan between monthly and annual: at the end of its cycle, or at once within a trial."""

from dataclasses import replace

import pytest

from billflow.domain.commands import SwitchToAnnual, SwitchToMonthly
from billflow.domain.ledger import Disposition
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import SUCCESSOR_ID, InvoicingStatus, PlanStatus, Schedule
from billflow.domain.step import PlanEvent
from tests.domain.builders import DAY, START, a_plan, an_entry, seats, some_facts

ANNUAL = a_plan(schedule=Schedule.ANNUAL, price_per_license=8000)


@pytest.mark.parametrize(
    ("schedule", "command", "status", "wanted"),
    [
        (Schedule.MONTHLY, SwitchToAnnual(), PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE, "annual"),
        (Schedule.ANNUAL, SwitchToMonthly(), PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE, "monthly"),
    ],
)
def test_a_switch_is_scheduled_for_the_end_of_the_cycle(
    schedule: Schedule, command: SwitchToAnnual | SwitchToMonthly, status: PlanStatus, wanted: str
) -> None:
    plan = a_plan(schedule=schedule)
    outcome = take_command(some_facts(plan=plan), command, START + DAY)

    assert outcome.plan == replace(plan, status=status)
    assert outcome.events == (PlanEvent("plan.switch_scheduled", {"schedule": wanted}),)
    assert (outcome.successor, outcome.invoices, outcome.entries) == (None, (), ())


def test_a_trial_is_replaced_by_one_of_the_other_schedule_with_its_anchor_and_its_end() -> None:
    plan = replace(ANNUAL, status=PlanStatus.FREE_TRIAL, next_invoice_date=START + 60 * DAY, discount_percent="5")
    ledger = (an_entry(1, START, 10, 12, allocated=False), an_entry(2, START + DAY, 14, 13))
    facts = some_facts(plan=plan, ledger=ledger, last_observation=seats(START, 13))

    outcome = take_command(facts, SwitchToMonthly(), START + 2 * DAY)

    assert (outcome.plan.status, outcome.plan.ended_at) == (PlanStatus.ENDED, START + 2 * DAY)
    assert outcome.plan.next_invoice_date is None
    assert outcome.allocated == {1: Disposition.TRIAL, 2: Disposition.TRIAL}
    assert [e.data["reason"] for e in outcome.events if e.type == "plan.ended"] == ["switched_schedule"]
    assert outcome.successor is not None
    assert outcome.successor.plan == replace(
        plan,
        id=SUCCESSOR_ID,
        predecessor_id="plan",
        schedule=Schedule.MONTHLY,
        price_per_license=800,
        discount_percent=None,
        invoicing_status=InvoicingStatus.DONE,
    )
    assert [
        (e.event_time, e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.successor.entries
    ] == [(START, 13, 13, True)]
    assert (outcome.invoices, outcome.successor.invoices) == ((), ())
