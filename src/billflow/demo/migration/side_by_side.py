"""The third chapter: for three months Stripe goes on to bill, and billflow computes the same beside it."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from billflow.demo.migration.history import counted
from billflow.demo.migration.old_plans import COMPARED, MOVED, PRICES, PROMISED, PROMISED_AT, OldPlan
from billflow.demo.migration.scene import Scene
from billflow.domain.calendar import add_months
from billflow.domain.currencies import format_amount


async def run_in_parallel(scene: Scene) -> None:
    """Let both systems live through three months, compare them month by month, and show what the report finds."""
    scene.telling.chapter(f"Side by side, {MOVED:%Y-%m-%d} to {COMPARED:%Y-%m-%d}: Stripe bills, billflow computes")
    plan = next((plan for plan, _ in scene.owners if plan.promised), None)
    for begin, end in pairwise([MOVED, add_months(MOVED, 1), add_months(MOVED, 2), COMPARED]):
        if plan and begin < PROMISED_AT <= end:
            scene.telling.fact(_promise(plan), "yellow")
        await scene.live_on(end)
        await tell_comparison(scene, begin, end)
    await scene.typist.type("parallel-run", "differences")
    await _check_found(scene, plan)


async def tell_comparison(scene: Scene, begin: datetime, end: datetime) -> None:
    """Tell how the billing dates of a while compare."""
    bounds = ("--since", f"{begin:%Y-%m-%dT%H:%M:%SZ}", "--until", f"{end:%Y-%m-%dT%H:%M:%SZ}")
    report = await scene.typist.ask("parallel-run", "report", *bounds)
    kinds = ("equal", "different", "not_issued", "not_computed", "waiting")
    sums = {kind: sum(day[kind] for day in report["days"]) for kind in kinds}
    scene.telling.fact(
        f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}: {counted(sum(sums.values()), 'billing date')}, "
        + ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sums.items() if number)
    )


def _promise(plan: OldPlan) -> str:
    before, after = (format_amount(price.amount, "USD") for price in (PRICES[plan.price], PROMISED))
    return f"{PROMISED_AT:%Y-%m-%d}: somebody gives {plan.organization} {after} instead of {before}, at Stripe, by hand"


async def _check_found(scene: Scene, plan: OldPlan | None) -> None:
    """See that the report finds what was planted, and nothing else."""
    found = (await scene.typist.ask("parallel-run", "differences"))["differences"]
    told: list[Any] = [(one["customer_name"], list(one["causes"])) for one in found]
    planted = [(plan.organization, ["price"])] if plan else []
    scene.telling.check("The report finds what was done by hand, with its cause, and nothing else", told, planted)
