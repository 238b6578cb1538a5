"""`billflow customer access, report, usage, credit, onboard`: what a customer may do, is worth and is given."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.customer_views import access_facts, onboarding_facts, report_facts, usage_facts
from billflow.cli.lookup import change_here, customer_ref, now
from billflow.cli.params import AsJson, CustomerId, Key, moment
from billflow.cli.session import PATIENCE_SECONDS, key_of, on_database, run
from billflow.domain.plan import Schedule

if TYPE_CHECKING:
    from billflow.models.contracts.customers import CustomerRef
    from billflow.models.contracts.onboarding import OnboardingProgress
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

USUAL_SPAN = timedelta(days=365)
LOOK_AGAIN = 0.2
"""Seconds between looks at how far an onboarding has come."""


def access(customer: CustomerId, *, as_json: AsJson = False) -> None:
    """Show what a customer may do now: effects of a suspension, features, seats left."""

    async def act(engine: "Engine") -> None:
        found = await engine.customers.access(await customer_ref(engine, customer))
        output.as_json(found) if as_json else access_facts(found)

    run(act)


def report(customer: CustomerId, *, as_json: AsJson = False) -> None:
    """Show what a customer is worth: lifetime value, what renews per month, what is open, its plans."""

    async def act(store: "Store") -> None:
        found = await store.queries.reports.report(await customer_ref(store, customer))
        output.as_json(found) if as_json else report_facts(found)

    on_database(act)


def usage(
    customer: CustomerId,
    *,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="A year before the end if left out.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="Now where left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's seats and money over time."""

    async def act(store: "Store") -> None:
        end = until or now()
        ref = await customer_ref(store, customer)
        found = await store.queries.reports.usage(ref, since or end - USUAL_SPAN, end)
        output.as_json(found) if as_json else usage_facts(found)

    on_database(act)


def credit(
    customer: CustomerId,
    amount: Annotated[int, typer.Argument(metavar="AMOUNT", help="In minor units of its currency.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Grant a customer a credit, which the next invoices use up."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customer_finances import NewCredit

        ref, new = await customer_ref(store, customer), NewCredit(amount=amount, reason=reason)
        granted = await store.repositories.credits.grant(ref, new, key_of(key), change_here(reason))
        if as_json:
            output.as_json(granted)
        else:
            output.say(f"Granted {output.amount(granted.amount, granted.currency)}.")

    on_database(act)


def onboard(  # noqa: PLR0913  (each is one wish)
    customer: CustomerId,
    *,
    project: Annotated[str | None, typer.Option(help="What its first project is called; else as the customer.")] = None,
    tier: Annotated[str | None, typer.Option(help="Start a plan of this tier.")] = None,
    schedule: Annotated[Schedule, typer.Option(help="How often that plan renews.")] = Schedule.MONTHLY,
    trial_days: Annotated[int, typer.Option(help="Days of it that cost nothing; 0 buys at once.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Give a customer all it needs, and wait until that is done, on hold or refused."""

    async def act(engine: "Engine") -> None:
        from billflow.domain.plan_start import StartPlan
        from billflow.models.contracts.customer_resources import NewProject
        from billflow.models.contracts.onboarding import OnboardingOptions

        plan = StartPlan(tier=tier, schedule=schedule, trial_days=trial_days) if tier else None
        if plan:
            engine.catalog.tier(plan.tier)
        wishes = OnboardingOptions(project=NewProject(name=project) if project else None, plan=plan)
        ref = await customer_ref(engine, customer)
        await engine.customers.onboard(ref, wishes, change_here("onboarding"))
        progress = await _over(engine, ref)
        output.as_json(progress) if as_json else onboarding_facts(progress)

    run(act)


async def _over(store: "Store", ref: "CustomerRef") -> "OnboardingProgress":
    """Return how far an onboarding has come when it is over, or when patience is."""
    from billflow.models.contracts.onboarding import OnboardingStatus

    patience = PATIENCE_SECONDS
    while True:
        progress = await store.repositories.onboardings.get(ref)
        if progress.status is not OnboardingStatus.RUNNING or patience <= 0:
            return progress
        await asyncio.sleep(LOOK_AGAIN)
        patience -= LOOK_AGAIN
