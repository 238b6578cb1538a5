"""The first chapter: two years of subscriptions at Stripe, by its client and on a test clock."""

from collections.abc import Sequence

import stripe

from billflow.demo.migration.old_account import OldAccount, open_account
from billflow.demo.migration.old_plans import BEGIN, COUPONS, MOVED, PRICES, PRODUCTS
from billflow.demo.migration.report import MigrationReport, shown
from billflow.demo.migration.sums import BilledSums, old_sums, together
from billflow.demo.migration.two_years import Owner, events_of, live_through

WIDTH = 20


async def live_two_years(client: stripe.StripeClient, owners: Sequence[Owner], report: MigrationReport) -> OldAccount:
    """Make the account and live in it until the organizations move."""
    report.chapter(f"Two years at the old system, {BEGIN:%Y-%m-%d} to {MOVED:%Y-%m-%d}")
    account = await open_account(client, BEGIN)
    report.fact(
        f"Stripe's own client at the emulator, on a test clock: {len(PRODUCTS)} products, {len(PRICES)} prices, "
        f"{len(COUPONS)} coupons, {len(owners)} customers"
    )
    events = [event for owner in owners for event in events_of(owner, MOVED)]
    await live_through(account, events, MOVED)
    sums = [await _line(account, owner, report) for owner in owners]
    _sum_up(together(sums), report)
    return account


async def _line(account: OldAccount, owner: Owner, report: MigrationReport) -> BilledSums:
    plan = owner[0]
    sums = old_sums(await account.invoices(plan.organization))
    report.fact(
        f"{plan.organization:<{WIDTH}} {plan.description:<32} {counted(sums.invoices, 'invoice'):>12}  "
        f"{shown(sums.total)}"
    )
    return sums


def _sum_up(sums: BilledSums, report: MigrationReport) -> None:
    report.fact(
        f"{counted(sums.invoices, 'invoice')}, {counted(sums.prorations, 'proration')}: "
        f"{shown(sums.total)}; open {shown(sums.is_open)}"
    )


def counted(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
