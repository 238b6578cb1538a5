"""Whether each period of each organization was billed exactly once, by whichever system, and at what it costs."""

from collections.abc import Sequence
from datetime import datetime

from billflow.demo.migration.history import WIDTH
from billflow.demo.migration.old_plans import PRICES, OldPeriod, OldPlan, periods_of
from billflow.demo.migration.run import MigrationRun
from billflow.demo.migration.sums import old_periods, our_periods
from billflow.domain.currencies import format_amount


async def check_periods(run: MigrationRun, until: datetime) -> list[tuple[str, int]]:
    """Hold what both systems billed for the periods that began before *until* against what they cost; return that."""
    costs = []
    for plan, seats in run.owners:
        old = old_periods(await run.account.invoices(plan.organization))
        ours = our_periods(await run.our_invoices(plan.organization))
        expected = list(periods_of(plan, seats, until))
        run.report.check(_line(plan, old, ours), faults(expected, [*old, *ours]), [])
        costs += [(PRICES[plan.price].currency.upper(), one.amount) for one in expected]
    return costs


def faults(expected: Sequence[OldPeriod], billed: Sequence[OldPeriod]) -> list[str]:
    """Return each period that was billed never, twice, at another amount, or that is none."""
    found = []
    for period in expected:
        amounts = [one.amount for one in billed if (one.start, one.end) == (period.start, period.end)]
        if amounts != [period.amount]:
            found.append(f"{_named(period)} costs {period.amount} and was billed {amounts or 'never'}")
    known = {(one.start, one.end) for one in expected}
    return found + [f"{_named(one)} is no period" for one in billed if (one.start, one.end) not in known]


def _line(plan: OldPlan, old: Sequence[OldPeriod], ours: Sequence[OldPeriod]) -> str:
    currency = PRICES[plan.price].currency.upper()
    sums = [sum(one.amount for one in several) for several in (old, ours)]
    shown = [format_amount(amount, currency) for amount in (*sums, sum(sums))]
    return (
        f"{plan.organization:<{WIDTH}} {len(old):>3} periods by Stripe, {len(ours):>2} by billflow: "
        f"{shown[0]:>14} + {shown[1]:>12} = {shown[2]:>14}"
    )


def _named(period: OldPeriod) -> str:
    return f"{period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}"
