"""`billflow notices`: how many days ahead customers are told."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import change_here, org_of
from billflow.cli.output import FactList, Output
from billflow.cli.params import Reason
from billflow.cli.session import CommandGroup, Store

if TYPE_CHECKING:
    from billflow.domain.notices import NoticeDays

app = CommandGroup()


@app.on_database("notices show", "notices show --json")
async def show(store: Store) -> Output:
    """Show the days of the organization that BILLFLOW_ORG names."""
    return _output(await store.repositories.notices.days(await org_of(store)))


@app.on_database("notices set --invoice-upcoming 14", "notices set --trial-will-end 0", name="set")
async def set_(
    store: Store,
    *,
    trial_will_end: Annotated[int | None, typer.Option(help="Days before a trial ends; 0 is never.")] = None,
    invoice_upcoming: Annotated[int | None, typer.Option(help="Days before an invoice is made.")] = None,
    plan_will_renew: Annotated[int | None, typer.Option(help="Days before a plan renews for a year.")] = None,
    reason: Reason = None,
) -> Output:
    """Change some of the days; what was told already is not told again."""
    from billflow.domain.notices import NoticeDays

    org_id, notices = await org_of(store), store.repositories.notices
    given = {
        "trial_will_end": trial_will_end,
        "invoice_upcoming": invoice_upcoming,
        "plan_will_renew": plan_will_renew,
    }
    days = asdict(await notices.days(org_id)) | {name: value for name, value in given.items() if value is not None}
    return _output(await notices.set_days(org_id, NoticeDays(**days), change_here(reason)))


def _output(days: "NoticeDays") -> Output:
    shown = {
        "before a trial ends": _days(days.trial_will_end),
        "before an invoice is made": _days(days.invoice_upcoming),
        "before a plan renews for a year": _days(days.plan_will_renew),
    }
    return Output(asdict(days), FactList("How long ahead customers are told", shown))


def _days(days: int) -> str:
    return f"{days} days" if days else "never"
