"""`billflow customer access, report, usage, credit, onboard`: what a customer may do, is worth and is given."""

from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from billflow.cli.customer_statement_views import statement_parts
from billflow.cli.customer_views import ONBOARDING, USAGE, access_facts, worth
from billflow.cli.files import write_file
from billflow.cli.json_objects import JsonObject, given
from billflow.cli.lookup import CustomerHere
from billflow.cli.output import Output, Table
from billflow.cli.output import amount as written
from billflow.cli.params import AsOf, Key, moment_option
from billflow.cli.session import PATIENCE_SECONDS, Api, CommandGroup
from billflow.domain.plan import Schedule

LOOK_AGAIN = 0.2
"""Seconds between looks at how far an onboarding has come."""

app = CommandGroup()
"""Added to `billflow customer`."""


@app.on_api("customer access 5f1c --json")
def access(api: Api, customer: CustomerHere) -> Output:
    """Show what a customer may do now: effects of a suspension, features, seats left."""
    found = api.get(f"/customers/{customer}/access")
    return Output(found, access_facts(found))


@app.on_api("customer report 5f1c", "customer report 5f1c --as-of 2027-01-31T12:00:00Z")
def report(api: Api, customer: CustomerHere, *, as_of: AsOf = None) -> Output:
    """Show what a customer is worth: lifetime value, what renews per month, what is open, its plans."""
    found = api.get(f"/customers/{customer}/report", as_of=as_of)
    return Output(found, *worth(found))


@app.on_api("customer usage 5f1c --since 2026-01-01")
def usage(
    api: Api,
    customer: CustomerHere,
    *,
    since: Annotated[datetime | None, moment_option("A year before the end if left out.")] = None,
    until: Annotated[datetime | None, moment_option("Now where left out.")] = None,
) -> Output:
    """Show a customer's seats and money over time."""
    found = api.get(f"/customers/{customer}/usage", since=since, until=until)
    people = f"{found.peak_members} members and {found.peak_guests} guests at most, {found.projects} projects"
    return Output(found, Table(f"Usage: {people}", USAGE, found.money))


@app.on_api("customer statement 5f1c", "customer statement 5f1c --since 2026-01-01 --pdf statement.pdf")
def statement(  # noqa: PLR0913  (each is one wish)
    api: Api,
    customer: CustomerHere,
    *,
    since: Annotated[datetime | None, moment_option("Its first moment; its beginning if left out.")] = None,
    until: Annotated[datetime | None, moment_option("Its end, not included; all so far where left out.")] = None,
    as_of: AsOf = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write it to this PDF file as well.")] = None,
) -> Output:
    """State a customer's account: opening balance, charges, credits, payments and refunds, closing balance."""
    path = f"/customers/{customer}/statement"
    stated = api.get(path, since=since, until=until, as_of=as_of)
    if pdf:
        write_file(pdf, api.file(f"{path}/pdf", since=since, until=until, as_of=as_of), option="--pdf")
    return Output(stated, *statement_parts(stated))


@app.on_api("customer credit 5f1c 2500 --reason 'outage of 1 March'")
def credit(
    api: Api,
    customer: CustomerHere,
    amount: Annotated[int, typer.Argument(metavar="AMOUNT", help="In minor units of its currency.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    key: Key = None,
) -> Output:
    """Grant a customer a credit, which the next invoices use up."""
    granted = api.write("POST", f"/customers/{customer}/credits", {"amount": amount, "reason": reason}, key)
    return Output(granted, f"Granted {written(granted.amount, granted.currency)}.")


@app.on_api("customer onboard 5f1c --tier cloud_standard --trial-days 30")
def onboard(  # noqa: PLR0913  (each is one wish)
    api: Api,
    customer: CustomerHere,
    *,
    project: Annotated[str | None, typer.Option(help="What its first project is called; else as the customer.")] = None,
    tier: Annotated[str | None, typer.Option(help="Start a plan of this tier.")] = None,
    schedule: Annotated[Schedule, typer.Option(help="How often that plan renews.")] = Schedule.MONTHLY,
    trial_days: Annotated[
        int | None,
        typer.Option(help="Days of it that cost nothing; 0 buys at once; as the tier offers where left out."),
    ] = None,
) -> Output:
    """Give a customer all it needs, and wait until that is done, on hold or refused."""
    plan = given(tier=tier, schedule=schedule, trial_days=trial_days) if tier else None
    path, begun = f"/customers/{customer}/onboard", given(project=project and {"name": project}, plan=plan)
    progress = _over(api, path, api.write("POST", path, begun))
    return Output(progress, Table(f"Onboarding: {progress.status}", ONBOARDING, progress.parts))


def _over(api: Api, path: str, progress: JsonObject) -> JsonObject:
    """Return how far an onboarding has come when it is over, or when patience is."""
    patience = PATIENCE_SECONDS
    while progress.status == "running" and patience > 0:
        sleep(LOOK_AGAIN)
        patience -= LOOK_AGAIN
        progress = api.get(path)
    return progress
