"""The fourth chapter: what matches is cut over, what does not is explained, mended, and cut over after that."""

from collections.abc import Mapping
from typing import Any

from billflow.demo.migration.old_plans import COMPARED, PROMISED, OldPlan
from billflow.demo.migration.scene import Scene
from billflow.demo.migration.side_by_side import tell_comparison
from billflow.domain.calendar import add_months

DIFFERS, SCHEDULED = "compared_differently", "old_subscription_scheduled"
"""Why the two that are mended are refused at first."""


async def cut_over(scene: Scene) -> None:
    """Cut over those that match, mend the others, and cut these over a month later."""
    scene.telling.chapter("Cutover: each old subscription ends with its period, and billflow begins there")
    plans = {plan.organization: plan for plan, _ in scene.owners}
    refused = await _attempt(scene, "three months were compared")
    expected = {name: DIFFERS for name, plan in plans.items() if plan.promised}
    expected |= {name: SCHEDULED for name, plan in plans.items() if plan.becomes}
    scene.telling.check(f"Held back: {', '.join(expected) or 'none'}", refused, expected)
    for name in refused:
        await _mend(scene, plans[name])
    if refused:
        month_later = add_months(COMPARED, 1)
        await scene.live_on(month_later)
        await tell_comparison(scene, COMPARED, month_later)
        left = await _attempt(scene, "the differences are explained and mended")
        scene.telling.check("Every plan has its cutover", left, {})


async def _attempt(scene: Scene, reason: str) -> Mapping[str, str]:
    """Cut over what can be; return why others are refused, by organization."""
    await scene.typist.type("cutover", "--plans", f"test-clock={scene.clock}", "--reason", reason)
    newest = (await scene.typist.ask("batch", "list"))["batches"][0]
    items = (await scene.typist.ask("batch", "items", newest["id"]))["items"]
    import json; print(json.dumps(items[:3], indent=1))
    return {}


async def _mend(scene: Scene, plan: OldPlan) -> None:
    """Do what the reason of a refusal asks for."""
    if plan.promised:
        at_plan = ("plan", "command", scene.arrivals[plan.organization].plan_id[:8])
        prices = ("--monthly-discounted-price", str(PROMISED.amount), "--annual-discounted-price", "0")
        await scene.typist.type(*at_plan, "apply-discount", *prices)
    if plan.becomes:
        await scene.account.release(plan.organization)
        scene.telling.fact(f"{plan.organization}: its schedule has done its work, and is released at Stripe", "yellow")
