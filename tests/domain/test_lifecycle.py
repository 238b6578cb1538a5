"""The product of all statuses and all commands, against a table written by hand."""

from dataclasses import replace
from itertools import product

import pytest

from billflow.domain import commands as c
from billflow.domain.additions import ChargedLine
from billflow.domain.calendar import Period
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.errors import BillingError, PlanEnded, PlanReplaced, Refused
from billflow.domain.items import Item
from billflow.domain.lifecycle import ROWS, take_command
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_plan, an_entry, at, some_facts

S = PlanStatus
NOW = at("2024-02-10")
CYCLE_END = at("2024-02-29T10:00")

# Short names for the columns below.
COLUMNS: dict[str, PlanStatus] = {
    "new": S.NEVER_STARTED,
    "try": S.FREE_TRIAL,
    "act": S.ACTIVE,
    "dwn": S.DOWNGRADE_AT_END_OF_CYCLE,
    "dtr": S.DOWNGRADE_AT_END_OF_FREE_TRIAL,
    "ann": S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
    "mon": S.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE,
    "tie": S.SWITCH_PLAN_TIER_AT_PLAN_END,
    "end": S.ENDED,
}

COMMANDS: dict[str, c.PlanCommand] = {
    "set_licenses": c.SetLicenses(licenses=20),
    "set_licenses_at_renewal": c.SetLicensesAtRenewal(licenses=20),
    "set_license_management": c.SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC),
    "switch_to_annual": c.SwitchToAnnual(),
    "switch_to_monthly": c.SwitchToMonthly(),
    "downgrade_at_end_of_cycle": c.DowngradeAtEndOfCycle(),
    "downgrade_at_end_of_free_trial": c.DowngradeAtEndOfFreeTrial(),
    "cancel_scheduled_change": c.CancelScheduledChange(),
    "end_now": c.EndNow(),
    "upgrade_tier_now": c.UpgradeTierNow(tier="cloud_plus"),
    "schedule_tier_at_plan_end": c.ScheduleTierAtPlanEnd(tier="cloud_plus"),
    "set_end_date": c.SetEndDate(end_date=at("2024-06-01")),
    "remove_end_date": c.RemoveEndDate(),
    "extend_trial": c.ExtendTrial(days=7),
    "set_collection_method": c.SetCollectionMethod(collection_method=CollectionMethod.SEND_INVOICE),
    "apply_discount": c.ApplyDiscount(monthly_discounted_price=600, annual_discounted_price=6000),
    "retry": c.Retry(),
    "add_item": c.AddItem(description="Set-up", unit_amount=50_000),
    "withdraw_item": c.WithdrawItem(item=1),
    "set_add_on": c.SetAddOn(add_on="storage", quantity=2),
    "begin_cutover": BeginCutover(),
    "cancel_cutover": CancelCutover(),
}

PAIRS = list(product(COMMANDS, COLUMNS))

# What each command makes of a monthly, manual plan in each status: the status it has then, "-" where the command has
# no meaning, "no" where it has, but is refused for another reason.
TABLE = """
                                new  try  act  dwn  dtr  ann  mon  tie  end
set_licenses                    -    no   act  dwn  no   ann  mon  tie  -
set_licenses_at_renewal         -    try  act  no   no   ann  mon  tie  -
set_license_management          -    try  act  dwn  dtr  ann  mon  tie  -
switch_to_annual                -    end  ann  -    -    ann  ann  -    -
switch_to_monthly               -    no   no   -    -    no   no   -    -
downgrade_at_end_of_cycle       -    -    dwn  -    -    dwn  dwn  -    -
downgrade_at_end_of_free_trial  -    dtr  -    -    -    -    -    -    -
cancel_scheduled_change         -    -    -    act  try  act  act  act  -
end_now                         end  end  end  end  end  end  end  end  -
upgrade_tier_now                -    -    end  -    -    -    -    -    -
schedule_tier_at_plan_end       -    -    tie  -    -    -    -    -    -
set_end_date                    -    -    act  -    -    -    -    -    -
remove_end_date                 -    -    act  -    -    -    -    -    -
extend_trial                    -    try  -    -    dtr  -    -    -    -
set_collection_method           -    -    act  dwn  -    ann  mon  tie  -
apply_discount                  -    try  act  dwn  dtr  ann  mon  tie  -
retry                           new  try  act  dwn  dtr  ann  mon  tie  -
add_item                        -    try  act  dwn  dtr  ann  mon  tie  -
withdraw_item                   -    try  act  dwn  dtr  ann  mon  tie  -
set_add_on                      -    try  act  dwn  dtr  ann  mon  tie  -
begin_cutover                   -    no   no   no   no   no   no   no   -
cancel_cutover                  -    no   no   no   no   no   no   no   -
"""


def cells() -> dict[tuple[str, str], str]:
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return {(row[0], column): cell for row in rows for column, cell in zip(head, row[1:], strict=True)}


def facts_in(status: PlanStatus) -> Facts:
    ends = CYCLE_END if status in (S.ACTIVE, S.SWITCH_PLAN_TIER_AT_PLAN_END) else None
    started = status is not S.NEVER_STARTED
    plan = a_plan(
        status=status,
        license_management=LicenseManagement.MANUAL,
        end_date=ends,
        next_invoice_date=CYCLE_END if status.is_live else None,
    )
    follower = a_plan(id="next", status=S.NEVER_STARTED, tier="cloud_plus", billing_cycle_anchor=CYCLE_END)
    return some_facts(
        plan=plan,
        ledger=(an_entry(1, START, 10),) if started else (),
        next_plan=follower if status is S.SWITCH_PLAN_TIER_AT_PLAN_END else None,
        charged=(ChargedLine(8000, Period(START, CYCLE_END), paid=True),),
        items=(Item(seq=1, description="Training", unit_amount=1, quantity=1, added_at=START),),
    )


def test_the_table_has_every_status_and_every_command() -> None:
    assert set(COLUMNS.values()) == set(PlanStatus)
    assert {type(command) for command in COMMANDS.values()} == set(ROWS)
    assert {command.type for command in COMMANDS.values()} == set(COMMANDS)
    assert set(cells()) == set(PAIRS)


@pytest.mark.parametrize(("command", "column"), PAIRS)
def test_every_command_in_every_status(command: str, column: str) -> None:
    facts, expected = facts_in(COLUMNS[column]), cells()[command, column]

    if expected in ("-", "no"):
        with pytest.raises(Refused) as refusal:
            take_command(facts, COMMANDS[command], NOW)
        has_no_meaning = refusal.value.code in ("illegal_transition", "plan_ended")
        assert has_no_meaning is (expected == "-")
    else:
        assert take_command(facts, COMMANDS[command], NOW).plan.status is COLUMNS[expected]


@pytest.mark.parametrize(("command", "column"), PAIRS)
def test_a_fixed_price_is_never_changed_by_a_command(command: str, column: str) -> None:
    facts = facts_in(COLUMNS[column])
    fixed = replace(facts, plan=replace(facts.plan, price_per_license=None, fixed_price=120_000))
    try:
        outcome = take_command(fixed, COMMANDS[command], NOW)
    except BillingError:
        return

    assert outcome.plan.fixed_price == 120_000
    assert outcome.invoices == ()


@pytest.mark.parametrize("command", list(COMMANDS.values()), ids=list(COMMANDS))
def test_nothing_is_charged_by_a_command_while_the_customer_is_suspended(command: c.PlanCommand) -> None:
    facts = facts_in(S.ACTIVE)
    suspended = replace(facts, customer=replace(facts.customer, suspended_since=NOW - DAY))
    try:
        outcome = take_command(suspended, command, NOW)
    except Refused:
        return

    assert outcome.invoices == ()
    assert all(entry.licenses == 10 for entry in outcome.entries)


def test_a_plan_that_was_replaced_sends_the_client_to_the_new_one() -> None:
    facts = facts_in(S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE)
    not_due = replace(facts, plan=replace(facts.plan, next_invoice_date=None))

    with pytest.raises(PlanReplaced):
        take_command(not_due, c.Retry(), CYCLE_END + DAY)


def test_an_ended_plan_says_so() -> None:
    with pytest.raises(PlanEnded):
        take_command(facts_in(S.ENDED), c.Retry(), NOW)


def test_a_scheduled_plan_is_taken_back_on_the_plan_it_follows() -> None:
    facts = facts_in(S.NEVER_STARTED)
    scheduled = replace(facts, plan=replace(facts.plan, predecessor_id="plan"))

    with pytest.raises(Refused) as refusal:
        take_command(scheduled, c.EndNow(), NOW)

    assert refusal.value.code == "scheduled_plan"


def test_ending_an_unpaid_purchase_voids_its_invoice() -> None:
    assert take_command(facts_in(S.NEVER_STARTED), c.EndNow(), NOW).void_open_invoices


def test_a_plan_on_hold_takes_the_command_that_frees_it_as_part_of_the_old_cycle() -> None:
    facts = facts_in(S.ACTIVE)
    on_hold = replace(facts, plan=replace(facts.plan, end_date=None))

    outcome = take_command(on_hold, c.SetLicenses(licenses=12), CYCLE_END + 5 * DAY)

    assert outcome.entries[-1].event_time < CYCLE_END
    assert not any(entry.is_renewal for entry in outcome.entries)
