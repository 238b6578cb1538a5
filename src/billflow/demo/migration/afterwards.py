"""The fifth chapter: billflow bills to the end, and each period turns out to have been billed exactly once."""

from billflow.demo.migration.books import old_books, our_books, together
from billflow.demo.migration.history import counted
from billflow.demo.migration.old_plans import COMPARED, END
from billflow.demo.migration.once import check_periods
from billflow.demo.migration.scene import Scene
from billflow.demo.migration.telling import shown
from billflow.domain.calendar import add_months


async def bill_to_the_end(scene: Scene) -> None:
    """Live month by month, and sum up what billflow billed."""
    begin = add_months(COMPARED, 1)
    scene.telling.chapter(f"Billed by billflow, {begin:%Y-%m-%d} to {END:%Y-%m-%d}")
    month = 2
    while (at := add_months(COMPARED, month)) <= END:
        await scene.live_on(at)
        month += 1
    names = [plan.organization for plan, _ in scene.owners]
    books = together([our_books(await scene.our_invoices(name)) for name in names])
    scene.telling.fact(f"{counted(books.invoices, 'invoice')}: {shown(books.total)}; open {shown(books.is_open)}")
    held = [await scene.account.status(name) for name in names]
    scene.telling.check("Every subscription at Stripe is over", set(held), {"canceled"})


async def add_up(scene: Scene) -> None:
    """Hold every period against what it costs, and add up both systems."""
    scene.telling.chapter("Each period of each organization, once, by the sum over both systems")
    await check_periods(scene, END)
    names = [plan.organization for plan, _ in scene.owners]
    old = together([old_books(await scene.account.invoices(name)) for name in names])
    ours = together([our_books(await scene.our_invoices(name)) for name in names])
    for title, books in (("by Stripe", old), ("by billflow", ours), ("together", together([old, ours]))):
        scene.telling.fact(f"{counted(books.invoices, 'invoice')} {title}: {shown(books.total)}")
