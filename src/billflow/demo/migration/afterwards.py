"""The fifth chapter: billflow bills to the end, and each period turns out to have been billed exactly once."""

from billflow.demo.migration.history import counted
from billflow.demo.migration.old_plans import COMPARED, END
from billflow.demo.migration.once import check_periods
from billflow.demo.migration.report import shown
from billflow.demo.migration.run import MigrationRun
from billflow.demo.migration.sums import added, old_sums, our_sums, together
from billflow.domain.calendar import add_months


async def bill_to_the_end(run: MigrationRun) -> None:
    """Live month by month, and sum up what billflow billed."""
    begin = add_months(COMPARED, 1)
    run.report.chapter(f"Billed by billflow, {begin:%Y-%m-%d} to {END:%Y-%m-%d}")
    month = 2
    while (at := add_months(COMPARED, month)) <= END:
        await run.live_on(at)
        month += 1
    names = [plan.organization for plan, _ in run.owners]
    sums = together([our_sums(await run.our_invoices(name)) for name in names])
    run.report.fact(f"{counted(sums.invoices, 'invoice')}: {shown(sums.total)}; open {shown(sums.is_open)}")
    held = [await run.account.status(name) for name in names]
    run.report.check("Every subscription at Stripe is over", set(held), {"canceled"})


async def add_up(run: MigrationRun) -> None:
    """Hold every period against what it costs, and add up both systems."""
    run.report.chapter("Each period of each organization, once, by the sum over both systems")
    periods = await check_periods(run, END)
    names = [plan.organization for plan, _ in run.owners]
    old = together([old_sums(await run.account.invoices(name)) for name in names])
    ours = together([our_sums(await run.our_invoices(name)) for name in names])
    both = together([old, ours])
    known = added([*periods, *both.prorated.items()])
    text = f"Periods and {counted(both.prorations, 'proration')} come to what was invoiced: {shown(both.total)}"
    run.report.check(text, known, dict(both.total))
    for title, sums in (("by Stripe", old), ("by billflow", ours), ("together", both)):
        run.report.fact(f"{counted(sums.invoices, 'invoice')} {title}: {shown(sums.total)}")
