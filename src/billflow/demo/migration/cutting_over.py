"""The fourth chapter: what matches is cut over, what does not is explained, mended, and cut over after that."""

from collections.abc import Mapping

from billflow.demo.migration.old_plans import COMPARED, PROMISED, OldPlan
from billflow.demo.migration.scene import Scene
from billflow.demo.migration.side_by_side import tell_comparison
from billflow.domain.calendar import add_months

DIFFER, SCHEDULED = "invoices_differ", "old_subscription_scheduled"
"""Why the two that are mended are refused at first."""


async def cut_over(scene: Scene) -> None:
    """Cut over those that match, mend the others, and cut these over a month later."""
    scene.telling.chapter("Cutover: each old subscription ends with its period, and billflow begins there")
    plans = {plan.organization: plan for plan, _ in scene.owners}
    await scene.typist.type("cutover", "--plans", f"test-clock={scene.clock}", "--reason", "three months compared")
    refused = await _refused(scene)
    expected = {name: DIFFER for name, plan in plans.items() if plan.promised}
    expected |= {name: SCHEDULED for name, plan in plans.items() if plan.becomes}
    why = ", ".join(f"{name} ({code})" for name, code in sorted(expected.items()))
    scene.telling.check(f"Held back: {why or 'none'}", refused, expected)
    for name in sorted(refused):
        await _mend(scene, plans[name])
    await scene.live_on(add_months(COMPARED, 1))
    await tell_comparison(scene, COMPARED, add_months(COMPARED, 1))
    for name in sorted(refused):
        customer = scene.arrivals[name].customer_id[:8]
        await scene.typist.type("cutover", "--plans", f"customer={customer}", "--reason", "explained and mended")
    states = {one["state"] for one in (await scene.typist.ask("parallel-run", "status"))["plans"]}
    scene.telling.check("Every plan has its cutover", states - {"cut_over"}, {"cutover_scheduled"})


async def _refused(scene: Scene) -> Mapping[str, str]:
    """Return why plans of the newest batch were refused, by organization."""
    newest = (await scene.typist.ask("batch", "list"))["plan_batches"][0]
    items = (await scene.typist.ask("batch", "items", newest["id"]))["items"]
    return {one["customer_name"]: one["code"] for one in items if one["status"] != "done"}


async def _mend(scene: Scene, plan: OldPlan) -> None:
    """Do what the reason of a refusal asks for."""
    if plan.promised:
        scene.telling.fact(f"{plan.organization}: what was promised holds, and is agreed here too", "yellow")
        at_plan = ("plan", "command", scene.arrivals[plan.organization].plan_id[:8])
        prices = ("--monthly-discounted-price", str(PROMISED.amount), "--annual-discounted-price", "0")
        await scene.typist.type(*at_plan, "apply-discount", *prices)
    if plan.becomes:
        scene.telling.fact(f"{plan.organization}: its schedule is over, and is released at Stripe", "yellow")
        await scene.account.release(plan.organization)
