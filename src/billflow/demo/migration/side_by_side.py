"""The third chapter: for three months Stripe goes on to bill, and billflow computes the same beside it."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from billflow.demo.migration.history import counted
from billflow.demo.migration.old_plans import COMPARED, MOVED, PRICES, PROMISED, PROMISED_AT, OldPlan
from billflow.demo.migration.run import MigrationRun
from billflow.domain.calendar import add_months
from billflow.domain.currencies import format_amount


async def run_in_parallel(run: MigrationRun) -> None:
    """Let both systems live through three months, compare them month by month, and show what the report finds."""
    run.report.chapter(f"Side by side, {MOVED:%Y-%m-%d} to {COMPARED:%Y-%m-%d}: Stripe bills, billflow computes")
    plan = next((plan for plan, _ in run.owners if plan.promised), None)
    for begin, end in pairwise([MOVED, add_months(MOVED, 1), add_months(MOVED, 2), COMPARED]):
        if plan and begin < PROMISED_AT <= end:
            run.report.fact(_promise(plan), "yellow")
        await run.live_on(end)
        await report_comparison(run, begin, end)
    await run.typist.type("parallel-run", "differences")
    await _check_found(run, plan)


async def report_comparison(run: MigrationRun, begin: datetime, end: datetime) -> None:
    """Report how the billing dates of a while compare."""
    bounds = ("--since", f"{begin:%Y-%m-%dT%H:%M:%SZ}", "--until", f"{end:%Y-%m-%dT%H:%M:%SZ}")
    report = await run.typist.ask("parallel-run", "report", *bounds)
    kinds = ("equal", "different", "not_issued", "not_computed", "waiting")
    sums = {kind: sum(day[kind] for day in report["days"]) for kind in kinds}
    run.report.fact(
        f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}: {counted(sum(sums.values()), 'billing date')}, "
        + ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sums.items() if number)
    )


def _promise(plan: OldPlan) -> str:
    before, after = (format_amount(price.amount, "USD") for price in (PRICES[plan.price], PROMISED))
    return f"{PROMISED_AT:%Y-%m-%d}: somebody gives {plan.organization} {after} instead of {before}, at Stripe, by hand"


async def _check_found(run: MigrationRun, plan: OldPlan | None) -> None:
    """See that the report finds what was planted, and nothing else."""
    found = (await run.typist.ask("parallel-run", "differences"))["differences"]
    shown: list[Any] = [(one["customer_name"], list(one["causes"])) for one in found]
    planted = [(plan.organization, ["price"])] if plan else []
    run.report.check("The report finds what was done by hand, with its cause, and nothing else", shown, planted)
