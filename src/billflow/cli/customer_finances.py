"""`billflow customer access, report, usage, credit, onboard`: what a customer may do, is worth and is given."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.customer_statement_views import statement_parts
from billflow.cli.customer_views import ONBOARDING, USAGE, access_facts, worth
from billflow.cli.files import write_file
from billflow.cli.lookup import CustomerHere, change_here, now
from billflow.cli.output import Output, Table
from billflow.cli.output import amount as written
from billflow.cli.params import Key, moment_option
from billflow.cli.session import PATIENCE_SECONDS, CommandGroup, Engine, Store, key_of
from billflow.domain.plan import Schedule

if TYPE_CHECKING:
    from billflow.models.contracts.customers import CustomerRef
    from billflow.models.contracts.onboarding import OnboardingProgress

USUAL_SPAN = timedelta(days=365)
LOOK_AGAIN = 0.2
"""Seconds between looks at how far an onboarding has come."""

app = CommandGroup()
"""Added to `billflow customer`."""


@app.on_engine("customer access 5f1c --json")
async def access(engine: Engine, customer: CustomerHere) -> Output:
    """Show what a customer may do now: effects of a suspension, features, seats left."""
    found = await engine.customers.access(customer)
    return Output(found, access_facts(found))


@app.on_database("customer report 5f1c")
async def report(store: Store, customer: CustomerHere) -> Output:
    """Show what a customer is worth: lifetime value, what renews per month, what is open, its plans."""
    found = await store.queries.reports.report(customer)
    return Output(found, *worth(found))


@app.on_database("customer usage 5f1c --since 2026-01-01")
async def usage(
    store: Store,
    customer: CustomerHere,
    *,
    since: Annotated[datetime | None, moment_option("A year before the end if left out.")] = None,
    until: Annotated[datetime | None, moment_option("Now where left out.")] = None,
) -> Output:
    """Show a customer's seats and money over time."""
    end = until or now()
    found = await store.queries.reports.usage(customer, since or end - USUAL_SPAN, end)
    people = f"{found.peak_members} members and {found.peak_guests} guests at most, {found.projects} projects"
    return Output(found, Table(f"Usage: {people}", USAGE, found.money))


@app.on_database("customer statement 5f1c", "customer statement 5f1c --since 2026-01-01 --pdf statement.pdf")
async def statement(
    store: Store,
    customer: CustomerHere,
    *,
    since: Annotated[datetime | None, moment_option("Its first moment; its beginning if left out.")] = None,
    until: Annotated[datetime | None, moment_option("Its end, not included; all so far where left out.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write it to this PDF file as well.")] = None,
) -> Output:
    """State a customer's account: opening balance, charges, credits, payments and refunds, closing balance."""
    stated = await store.queries.statements.statement(customer, since, until, now())
    if pdf:
        write_file(pdf, await store.documents.statement_pdf(customer, since, until, now()), option="--pdf")
    return Output(stated, *statement_parts(stated))


@app.on_database("customer credit 5f1c 2500 --reason 'outage of 1 March'")
async def credit(
    store: Store,
    customer: CustomerHere,
    amount: Annotated[int, typer.Argument(metavar="AMOUNT", help="In minor units of its currency.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    key: Key = None,
) -> Output:
    """Grant a customer a credit, which the next invoices use up."""
    from billflow.models.contracts.customer_finances import CreditCreate

    new = CreditCreate(amount=amount, reason=reason)
    granted = await store.repositories.credits.grant(customer, new, key_of(key), change_here(reason))
    return Output(granted, f"Granted {written(granted.amount, granted.currency)}.")


@app.on_engine("customer onboard 5f1c --tier cloud_standard --trial-days 30")
async def onboard(  # noqa: PLR0913  (each is one wish)
    engine: Engine,
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
    from billflow.domain.plan_start import StartPlan
    from billflow.models.contracts.customer_resources import ProjectCreate
    from billflow.models.contracts.onboarding import OnboardingOptions

    plan = None
    if tier:
        sold = (await engine.repositories.catalogs.current(customer.org_id)).tier(tier)
        days = sold.trial_days if trial_days is None else trial_days
        plan = StartPlan(tier=tier, schedule=schedule, trial_days=days)
    wishes = OnboardingOptions(project=ProjectCreate(name=project) if project else None, plan=plan)
    await engine.customers.onboard(customer, wishes, change_here("onboarding"))
    progress = await _over(engine, customer)
    return Output(progress, Table(f"Onboarding: {progress.status}", ONBOARDING, progress.parts))


async def _over(store: Store, ref: "CustomerRef") -> "OnboardingProgress":
    """Return how far an onboarding has come when it is over, or when patience is."""
    from billflow.models.contracts.onboarding import OnboardingStatus

    patience = PATIENCE_SECONDS
    while True:
        progress = await store.repositories.onboardings.get(ref)
        if progress.status is not OnboardingStatus.RUNNING or patience <= 0:
            return progress
        await asyncio.sleep(LOOK_AGAIN)
        patience -= LOOK_AGAIN
