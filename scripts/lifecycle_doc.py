"""Write docs/lifecycle.md from the code: `python scripts/lifecycle_doc.py`.

Every cell is found by taking the command, or the end of the cycle, on a plan in that status.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import getdoc
from pathlib import Path

from billflow.domain import commands as c
from billflow.domain.catalog import Hosting
from billflow.domain.customer import CustomerTerms
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.cycle import EFFECTS, end_cycle
from billflow.domain.errors import Refused
from billflow.domain.items import Item
from billflow.domain.ledger import LedgerEntry
from billflow.domain.lifecycle import take_command
from billflow.domain.old_system import ParallelRunStanding
from billflow.domain.plan import CollectionMethod, CutoverStatus, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.scopes import Scope, scopes_of_fields
from billflow.domain.step import Facts, Step
from billflow.models.contracts.catalog import CLOUD_AND_SELF_HOSTED, catalog_from_toml, example_text

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "lifecycle.md"

S = PlanStatus
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW, CYCLE_END = START + timedelta(days=9), datetime(2026, 2, 1, tzinfo=UTC)
CATALOG = catalog_from_toml(example_text(CLOUD_AND_SELF_HOSTED))

SAMPLES: tuple[c.PlanCommand, ...] = (
    c.SetLicenses(licenses=20),
    c.SetLicensesAtRenewal(licenses=20),
    c.SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC),
    c.SwitchToAnnual(),
    c.SwitchToMonthly(),
    c.DowngradeAtEndOfCycle(),
    c.DowngradeAtEndOfFreeTrial(),
    c.CancelScheduledChange(),
    c.EndNow(),
    c.UpgradeTierNow(tier="cloud_plus"),
    c.ScheduleTierAtPlanEnd(tier="cloud_plus"),
    c.SetEndDate(end_date=CYCLE_END + timedelta(days=90)),
    c.RemoveEndDate(),
    c.ExtendTrial(days=7),
    c.SetCollectionMethod(collection_method=CollectionMethod.SEND_INVOICE),
    c.ApplyDiscount(monthly_discounted_price=600, annual_discounted_price=6000),
    c.Retry(),
    c.AddItem(description="Set-up", unit_amount=50_000),
    c.WithdrawItem(item=1),
    c.SetAddOn(add_on="storage", quantity=2),
    BeginCutover(),
    CancelCutover(),
)

SCHEDULES = {
    S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE: (Schedule.MONTHLY,),
    S.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE: (Schedule.ANNUAL,),
}

INTRODUCTION = """# The life of a plan

Written by `python scripts/lifecycle_doc.py` from `domain/lifecycle.py` and `domain/cycle.py`; a test fails when it is
out of date. A plan is in one of these statuses; it is *live* in all but the first and the last.
"""

DIAGRAM = """## Diagram

`end_now` leads from everywhere to `ended` and is left out. Where a new plan takes over, the arrow leads to its status.
"""

COMMANDS = """## Commands

What each command makes of a plan in each status: a dot where it is refused, `stays` where the status remains, else the
new status. `ended → active` means that the plan ends and another takes over in the same step. The samples are monthly
or annual plans with manual licenses, paid by card, and for cutovers in a parallel run; `domain/lifecycle.py` holds what
else must be true.
"""

SCOPES = f"""## Who may give it

The scope that a key needs besides `write`, which the address takes. A plan to start needs `support` for `fixed_price`
and for `trial_days` above {c.TRIAL_DAYS}. The command line and our own code may do everything.
"""

CYCLES = """## The end of a cycle

What happens when the running cycle, the trial, or the time until the end date is over.
"""


def facts_in(status: PlanStatus, schedule: Schedule) -> Facts:
    """Return the facts of a manual plan of ten licenses in that status."""
    dated = status in (S.ACTIVE, S.SWITCH_PLAN_TIER_AT_PLAN_END)
    plan = Plan(
        id="plan",
        customer_id="customer",
        tier="cloud_standard",
        schedule=schedule,
        status=status,
        currency="USD",
        price_per_license=800,
        license_management=LicenseManagement.MANUAL,
        collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
        billing_cycle_anchor=START,
        next_invoice_date=CYCLE_END if status.is_live else None,
        end_date=CYCLE_END if dated else None,
        seats_observed_through=START,
    )
    first = LedgerEntry(
        seq=1, event_time=START, is_renewal=True, licenses=10, licenses_at_next_renewal=10, allocated=True
    )
    return Facts(
        plan=plan,
        customer=CustomerTerms(id="customer", hosting=Hosting.CLOUD),
        catalog=CATALOG,
        ledger=() if status is S.NEVER_STARTED else (first,),
        next_plan=_follower(plan) if status is S.SWITCH_PLAN_TIER_AT_PLAN_END else None,
        items=(Item(seq=1, description="Training", unit_amount=1, quantity=1, added_at=START),),
    )


def _follower(plan: Plan) -> Plan:
    return replace(plan, id="next", tier="cloud_plus", status=S.NEVER_STARTED, end_date=None)


def facts_for(command: c.PlanCommand, status: PlanStatus, schedule: Schedule) -> Facts:
    """Return the facts that a command begins with: of a plan in a parallel run for those about cutovers."""
    facts = facts_in(status, schedule)
    if not isinstance(command, BeginCutover | CancelCutover):
        return facts
    plan = replace(facts.plan, parallel_run_since=START, end_date=None)
    if isinstance(command, CancelCutover):
        known = CutoverStatus.CONFIRMED
        plan = replace(plan, cutover_at=CYCLE_END, cutover_date=CYCLE_END, cutover_status=known)
    standing = ParallelRunStanding(compared=1, matches=True, old_subscription="sub_1")
    return replace(facts, plan=plan, parallel_run=standing)


def taken(command: c.PlanCommand, status: PlanStatus) -> tuple[PlanStatus, ...]:
    """Return the status that *command* leads to, and that of the plan that takes over; empty where it is refused."""
    for schedule in SCHEDULES.get(status, tuple(Schedule)):
        try:
            outcome = take_command(facts_for(command, status, schedule), command, NOW)
        except Refused:
            continue
        follower = outcome.successor
        return (outcome.plan.status, follower.plan.status) if follower else (outcome.plan.status,)
    return ()


def passed(status: PlanStatus, *, at_end_date: bool, paid: bool | None) -> tuple[PlanStatus, ...]:
    """Return the status after the end of the cycle, and that of the plan that takes over."""
    facts = facts_in(status, Schedule.MONTHLY)
    ends = CYCLE_END if at_end_date or status is S.SWITCH_PLAN_TIER_AT_PLAN_END else None
    step = Step.begin(replace(facts, plan=replace(facts.plan, end_date=ends), trial_invoice_paid=paid), CYCLE_END)
    end_cycle(step, CYCLE_END)
    return (step.plan.status, step.successor.plan.status) if step.successor else (step.plan.status,)


def endings() -> list[tuple[PlanStatus, str, tuple[PlanStatus, ...]]]:
    """Return every end of a cycle: the status, the circumstance, what follows."""
    found = [(status, "", passed(status, at_end_date=False, paid=None)) for status in PlanStatus if status in EFFECTS]
    found += [
        (status, "with the end date", passed(status, at_end_date=True, paid=None))
        for status in (S.ACTIVE, S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE, S.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE)
    ]
    paid = {"its invoice paid": True, "its invoice not paid": False}
    found += [(S.FREE_TRIAL, words, passed(S.FREE_TRIAL, at_end_date=False, paid=is_)) for words, is_ in paid.items()]
    return sorted(found, key=lambda row: list(PlanStatus).index(row[0]))


def page() -> str:
    """Return the whole page."""
    parts = [
        INTRODUCTION,
        _statuses(),
        DIAGRAM,
        _diagram(),
        COMMANDS,
        _commands(),
        SCOPES,
        _scopes(),
        CYCLES,
        _endings(),
    ]
    return "\n".join(parts)


def _statuses() -> str:
    return "\n".join(f"- `{status}`" for status in PlanStatus) + "\n"


def _commands() -> str:
    head = ["command", *(status.replace("_", " ") for status in PlanStatus)]
    rows = [
        [f"`{command.type}`", *(_cell(status, taken(command, status)) for status in PlanStatus)] for command in SAMPLES
    ]
    return _table(head, rows) + "\n" + "\n".join(f"- `{x.type}`: {_first_line(x)}" for x in SAMPLES) + "\n"


def _scopes() -> str:
    rows = [
        [f"`{command.type}`", "" if command.scope is Scope.WRITE else f"`{command.scope}`", _scoped_fields(command)]
        for command in SAMPLES
    ]
    return _table(["command", "scope", "where given"], [row for row in rows if any(row[1:])])


def _scoped_fields(command: c.PlanCommand) -> str:
    return ", ".join(f"`{name}`: `{scope}`" for name, scope in scopes_of_fields(type(command)).items())


def _endings() -> str:
    rows = [[f"`{status}`", words, _arrow(after)] for status, words, after in endings()]
    return _table(["status", "when", "then"], rows)


def _cell(status: PlanStatus, after: tuple[PlanStatus, ...]) -> str:
    if not after:
        return "·"
    return "stays" if after == (status,) else _arrow(after)


def _arrow(after: tuple[PlanStatus, ...]) -> str:
    return " → ".join(f"`{status}`" for status in after)


def _first_line(command: c.PlanCommand) -> str:
    return (getdoc(type(command)) or "").splitlines()[0]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _diagram() -> str:
    edges = ["[*] --> never_started: bought", "[*] --> free_trial: trial", "never_started --> active: paid"]
    for status in PlanStatus:
        moves: dict[PlanStatus, list[str]] = {}
        for command in SAMPLES:
            after = taken(command, status)
            if after and after != (status,) and command.type != "end_now":
                moves.setdefault(after[-1], []).append(command.type)
        edges += [f"{status} --> {after}: {', '.join(names)}" for after, names in moves.items()]
    edges += [f"{status} --> {after[-1]}: {words or 'cycle ends'}" for status, words, after in endings()]
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", *(f"    {edge}" for edge in edges), "    ended --> [*]", "```", ""]
    )


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
