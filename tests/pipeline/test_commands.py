"""Every command by update, by signal and by hand: taken once, with its audit row, its event and a preview before."""

from dataclasses import dataclass, replace
from typing import get_args

import pytest

from billflow.domain import commands as c
from billflow.domain.calendar import add_months
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import CommandRequest
from tests.api_environment import until
from tests.pipeline.conftest import Typed
from tests.pipeline.environment import BEGIN, DAY, MONTHLY, PlanEnvironment, by_hand, ref
from tests.sizes import sized

S = PlanStatus
TEN = by_hand(10)
A_YEAR = by_hand(10, replace(MONTHLY, schedule=Schedule.ANNUAL))
ON_TRIAL = replace(TEN, trial_days=30)
MONTH = add_months(BEGIN, 1)
SET_UP = c.AddItem(description="Set-up", unit_amount=50_000)


@dataclass(frozen=True)
class Case:
    """A command, how it is typed, the plan it is for, and what it leaves behind."""

    command: c.PlanCommand
    options: str
    event: str
    status: PlanStatus = S.ACTIVE
    asked: StartPlan = TEN
    before: tuple[c.PlanCommand, ...] = ()


CASES = [
    Case(c.SetLicenses(licenses=20), "--licenses 20", "plan.licenses_changed"),
    Case(c.SetLicensesAtRenewal(licenses=12), "--licenses 12", "plan.licenses_at_renewal_changed"),
    Case(
        c.SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC),
        "--license-management automatic",
        "plan.license_management_changed",
    ),
    Case(c.SwitchToAnnual(), "", "plan.switch_scheduled", S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE),
    Case(c.SwitchToMonthly(), "", "plan.switch_scheduled", S.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE, A_YEAR),
    Case(c.DowngradeAtEndOfCycle(), "", "plan.downgrade_scheduled", S.DOWNGRADE_AT_END_OF_CYCLE),
    Case(
        c.DowngradeAtEndOfFreeTrial(), "", "plan.downgrade_scheduled", S.DOWNGRADE_AT_END_OF_FREE_TRIAL, asked=ON_TRIAL
    ),
    Case(c.CancelScheduledChange(), "", "plan.scheduled_change_canceled", before=(c.DowngradeAtEndOfCycle(),)),
    Case(c.EndNow(), "", "plan.ended", S.ENDED),
    Case(c.UpgradeTierNow(tier="cloud_plus"), "--tier cloud_plus", "plan.replaced", S.ENDED),
    Case(
        c.ScheduleTierAtPlanEnd(tier="cloud_plus"),
        "--tier cloud_plus",
        "plan.tier_scheduled",
        S.SWITCH_PLAN_TIER_AT_PLAN_END,
        before=(c.SetEndDate(end_date=MONTH),),
    ),
    Case(c.SetEndDate(end_date=MONTH), f"--end-date {MONTH.isoformat()}", "plan.end_date_set"),
    Case(c.RemoveEndDate(), "", "plan.end_date_removed", before=(c.SetEndDate(end_date=MONTH),)),
    Case(c.ExtendTrial(days=7), "--days 7", "plan.trial_extended", S.FREE_TRIAL, ON_TRIAL),
    Case(
        c.SetCollectionMethod(collection_method=CollectionMethod.SEND_INVOICE),
        "--collection-method send_invoice",
        "plan.collection_method_changed",
    ),
    Case(
        c.ApplyDiscount(monthly_discounted_price=600, annual_discounted_price=6000),
        "--monthly-discounted-price 600 --annual-discounted-price 6000",
        "plan.repriced",
    ),
    Case(c.Retry(), "", "plan.retry_requested"),
    Case(SET_UP, "--description Set-up --unit-amount 50000", "plan.item_added"),
    Case(c.WithdrawItem(item=1), "--item 1", "plan.item_withdrawn", before=(SET_UP,)),
    Case(c.SetAddOn(add_on="storage", quantity=2), "--add-on storage --quantity 2", "plan.add_on_changed"),
]
CUTOVERS = (BeginCutover, CancelCutover)
"""Of plans in a parallel run: `tests/cutovers` gives them."""

WAYS = 3


def every_command(way: int) -> pytest.MarkDecorator:
    """Run a test with every command; in the small size some commands, each in one way only."""
    cases = sized(CASES[way :: 6 * WAYS], CASES, CASES)
    return pytest.mark.parametrize("case", cases, ids=[case.command.type for case in cases])


async def ready(plan_env: PlanEnvironment, case: Case) -> PlanState:
    """Return a plan that the command of *case* is for, a day after it began."""
    plan = await plan_env.plan(case.asked)
    await plan_env.advance(BEGIN + DAY)
    for command in case.before:
        await plan_env.command(plan, command)
    return await plan_env.state(plan)


async def check(plan_env: PlanEnvironment, plan: PlanState, case: Case, command_id: str) -> None:
    """Check what a command leaves behind: one step, one audit row, its event, the plan's new status."""
    plans = plan_env.env.engine.queries.plans
    steps = [step for step in await plans.steps(ref(plan)) if step.key.endswith(f"/{command_id}")]
    assert [(step.kind, step.refused) for step in steps] == [("command", False)]
    assert (await plan_env.audited(plan.plan_id)).count(f"plan.{case.command.type}") == 1
    events = [entry.name for entry in await plans.timeline(ref(plan)) if entry.kind == "event"]
    assert case.event in events
    assert (await plan_env.state(plan)).status is case.status


def test_every_command_there_is_has_its_case() -> None:
    assert [*(type(case.command) for case in CASES), *CUTOVERS] == list(get_args(c.PlanCommand))


@every_command(0)
async def test_a_command_by_update_is_answered_when_it_is_in_the_database(
    plan_env: PlanEnvironment, case: Case
) -> None:
    plan = await ready(plan_env, case)

    result = await plan_env.command(plan, case.command, "once")
    again = await plan_env.command(plan, case.command, "once")

    assert result.state.status is case.status
    assert again == result
    await check(plan_env, plan, case, "once")


@every_command(1)
async def test_a_command_by_signal_is_taken_without_anyone_waiting(plan_env: PlanEnvironment, case: Case) -> None:
    plan = await ready(plan_env, case)
    request = CommandRequest(command_id=KeyNamespace.CLIENT.key("left"), command=case.command, actor="support")

    await plan_env.env.engine.plans.signal(ref(plan), request)

    async def is_taken() -> bool:
        steps = await plan_env.env.engine.queries.plans.steps(ref(plan))
        return any(step.key.endswith("/left") for step in steps)

    await until(is_taken)
    await check(plan_env, plan, case, "left")


@every_command(2)
async def test_a_command_is_previewed_and_given_by_hand(plan_env: PlanEnvironment, terminal: Typed, case: Case) -> None:
    plan = await ready(plan_env, case)
    typed = [case.command.type.replace("_", "-"), *case.options.split()]

    at = (BEGIN + DAY).isoformat()
    preview = await terminal("plan", "preview", plan.plan_id, *typed, "--at", at, "--json")
    unchanged = await plan_env.state(plan)
    key = f"typed-{plan.plan_id}"
    given = await terminal("plan", "command", plan.plan_id, *typed, "--idempotency-key", key, "--json")

    assert (preview.code, preview.err, unchanged) == (0, "", plan)
    assert given.data["plan"]["status"] == case.status
    await check(plan_env, plan, case, key)


async def test_a_refused_signal_changes_nothing_and_is_in_the_audit_log(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(TEN)
    request = CommandRequest(
        command_id=KeyNamespace.CLIENT.key("wrong"), command=c.ExtendTrial(days=3), actor="support"
    )

    await plan_env.env.engine.plans.signal(ref(plan), request)

    async def is_noted() -> bool:
        return "plan.command_refused" in await plan_env.audited(plan.plan_id)

    await until(is_noted)
    assert await plan_env.state(plan) == plan
