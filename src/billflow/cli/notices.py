"""`billflow notices`: how many days ahead customers are told."""

from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject, given
from billflow.cli.output import FactList, Output
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()


@app.on_api("notices show", "notices show --json")
def show(api: Api) -> Output:
    """Show the organization's days."""
    return _output(api.get("/notices"))


@app.on_api("notices set --invoice-upcoming 14", "notices set --trial-will-end 0", name="set")
def set_(
    api: Api,
    *,
    trial_will_end: Annotated[int | None, typer.Option(help="Days before a trial ends; 0 is never.")] = None,
    invoice_upcoming: Annotated[int | None, typer.Option(help="Days before an invoice is made.")] = None,
    plan_will_renew: Annotated[int | None, typer.Option(help="Days before a plan renews for a year.")] = None,
) -> Output:
    """Change some of the days; what was told already is not told again."""
    changes = given(trial_will_end=trial_will_end, invoice_upcoming=invoice_upcoming, plan_will_renew=plan_will_renew)
    return _output(api.write("PUT", "/notices", {**api.get("/notices"), **changes}))


def _output(days: JsonObject) -> Output:
    shown = {
        "before a trial ends": _days(days.trial_will_end),
        "before an invoice is made": _days(days.invoice_upcoming),
        "before a plan renews for a year": _days(days.plan_will_renew),
    }
    return Output(days, FactList("How long ahead customers are told", shown))


def _days(days: int) -> str:
    return f"{days} days" if days else "never"
