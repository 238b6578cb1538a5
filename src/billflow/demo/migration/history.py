"""The first chapter: two years of subscriptions at Stripe, by its client and on a test clock."""

from collections.abc import Sequence

import stripe

from billflow.demo.migration.books import Books, old_books, together
from billflow.demo.migration.old_account import OldAccount, open_account
from billflow.demo.migration.old_plans import BEGIN, COUPONS, MOVED, PRICES, TIERS
from billflow.demo.migration.telling import Telling, shown
from billflow.demo.migration.two_years import Owner, events_of, live_through

WIDTH = 20


async def live_two_years(client: stripe.StripeClient, owners: Sequence[Owner], telling: Telling) -> OldAccount:
    """Make the account and live in it until the organizations move."""
    telling.chapter(f"Two years at the old system, {BEGIN:%Y-%m-%d} to {MOVED:%Y-%m-%d}")
    account = await open_account(client, BEGIN)
    telling.fact(
        f"Stripe's own client at the emulator, on a test clock: {len(TIERS)} products, {len(PRICES)} prices, "
        f"{len(COUPONS)} coupons, {len(owners)} customers"
    )
    events = [event for owner in owners for event in events_of(owner, MOVED)]
    await live_through(account, events, MOVED)
    books = [await _told(account, owner, telling) for owner in owners]
    _sum_up(together(books), telling)
    return account


async def _told(account: OldAccount, owner: Owner, telling: Telling) -> Books:
    plan = owner[0]
    books = old_books(await account.invoices(plan.organization))
    telling.fact(
        f"{plan.organization:<{WIDTH}} {plan.description:<32} {counted(books.invoices, 'invoice'):>12}  "
        f"{shown(books.total)}"
    )
    return books


def _sum_up(books: Books, telling: Telling) -> None:
    telling.fact(
        f"{counted(books.invoices, 'invoice')}, {counted(books.prorations, 'proration')}: "
        f"{shown(books.total)}; open {shown(books.is_open)}"
    )


def counted(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
