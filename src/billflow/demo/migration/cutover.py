"""The fourth chapter: what matches is cut over, what does not is explained, corrected, and cut over after that."""

from collections.abc import Mapping

from billflow.demo.migration.old_plans import COMPARED, PROMISED, OldPlan
from billflow.demo.migration.run import MigrationRun
from billflow.demo.migration.side_by_side import report_comparison
from billflow.domain.calendar import add_months

DIFFER, SCHEDULED = "invoices_differ", "old_subscription_scheduled"
"""Why the two that are corrected are refused at first."""


async def cut_over(run: MigrationRun) -> None:
    """Cut over those that match, correct the others, and cut these over a month later."""
    run.report.chapter("Cutover: each old subscription ends with its period, and billflow begins there")
    plans = {plan.organization: plan for plan, _ in run.owners}
    await run.typist.type("cutover", "--plans", f"test-clock={run.clock}", "--reason", "three months compared")
    refused = await _refused(run)
    expected = {name: DIFFER for name, plan in plans.items() if plan.promised}
    expected |= {name: SCHEDULED for name, plan in plans.items() if plan.becomes}
    why = ", ".join(f"{name} ({code})" for name, code in sorted(expected.items()))
    run.report.check(f"Held back: {why or 'none'}", refused, expected)
    for name in sorted(refused):
        await _correct(run, plans[name])
    await run.live_on(add_months(COMPARED, 1))
    await report_comparison(run, COMPARED, add_months(COMPARED, 1))
    for name in sorted(refused):
        customer = run.arrivals[name].customer_id[:8]
        await run.typist.type("cutover", "--plans", f"customer={customer}", "--reason", "explained and corrected")
    states = {one["state"] for one in (await run.typist.ask("parallel-run", "status"))["plans"]}
    run.report.check("Every plan has its cutover", states - {"cut_over"}, {"cutover_scheduled"})


async def _refused(run: MigrationRun) -> Mapping[str, str]:
    """Return why plans of the newest batch were refused, by organization."""
    newest = (await run.typist.ask("batch", "list"))["plan_batches"][0]
    items = (await run.typist.ask("batch", "items", newest["id"]))["items"]
    return {one["customer_name"]: one["code"] for one in items if one["status"] != "done"}


async def _correct(run: MigrationRun, plan: OldPlan) -> None:
    """Do what the reason of a refusal asks for."""
    if plan.promised:
        run.report.fact(f"{plan.organization}: what was promised holds, and is agreed here too", "yellow")
        at_plan = ("plan", "command", run.arrivals[plan.organization].plan_id[:8])
        prices = ("--monthly-discounted-price", str(PROMISED.amount), "--annual-discounted-price", "0")
        await run.typist.type(*at_plan, "apply-discount", *prices)
    if plan.becomes:
        run.report.fact(f"{plan.organization}: its schedule is over, and is released at Stripe", "yellow")
        await run.account.release(plan.organization)
