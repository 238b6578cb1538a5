"""The years at the old system, in the order of time: who subscribes, what is counted, what is paid by transfer."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from billflow.demo.migration.old_account import OldAccount
from billflow.demo.migration.old_plans import MOVED, PRICES, PROMISED, PROMISED_AT, OldPlan, licenses_at
from billflow.demo.seats_csv import Organization
from billflow.domain.calendar import add_months

PAID_AFTER = timedelta(days=12)
"""How long a transfer takes, from the beginning of the period that it pays."""

DECIDED = timedelta(days=3)
"""How long before the move a schedule is agreed."""

Owner = tuple[OldPlan, Organization]
Act = Callable[[OldAccount], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class OldEvent:
    """Something that somebody does at the old system."""

    at: datetime
    act: Act


async def live_through(account: OldAccount, events: Sequence[OldEvent], until: datetime) -> None:
    """Let the time pass to *until*, and what happens on the way happen."""
    for event in sorted(events, key=lambda one: one.at):
        if account.now <= event.at < until:
            await account.advance(event.at)
            await event.act(account)
    await account.advance(until)


def events_of(owner: Owner, until: datetime) -> Iterator[OldEvent]:
    """Return what happens to one plan until then."""
    plan = owner[0]
    yield OldEvent(plan.starts_at, partial(_begin, owner))
    for day in plan.counted:
        if day > plan.starts_at:
            yield OldEvent(day, partial(_count, owner))
    if plan.becomes:
        yield OldEvent(MOVED - DECIDED, partial(_agree, owner))
    if plan.promised:
        yield OldEvent(PROMISED_AT, partial(_promise, owner))
    n = 0
    while plan.by_invoice and (at := add_months(plan.starts_at, n) + PAID_AFTER) < until:
        yield OldEvent(at, partial(_transfer, owner))
        n += PRICES[plan.price].months


async def _begin(owner: Owner, account: OldAccount) -> None:
    await account.begin(owner[0], licenses_at(*owner, account.now))


async def _count(owner: Owner, account: OldAccount) -> None:
    await account.count(owner[0], licenses_at(*owner, account.now))


async def _agree(owner: Owner, account: OldAccount) -> None:
    await account.schedule(owner[0].organization, str(owner[0].becomes))


async def _promise(owner: Owner, account: OldAccount) -> None:
    await account.set_price(owner[0].organization, PROMISED)


async def _transfer(owner: Owner, account: OldAccount) -> None:
    await account.transfer(owner[0].organization)
