"""Three accounts of a customer's invoices side by side, as the demo compares them."""

from datetime import datetime

from billflow.demo.accounts import report_on
from billflow.demo.scenario import Scenario
from billflow.demo.scenario_run import DemoEnvironment, DemoResult
from billflow.demo.seats_csv import Organization
from billflow.domain.plan_start import StartPlan
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.customers import CustomerRecord
from tests.environment import Environment


async def differences(
    env: Environment, customer: CustomerRecord, asked: StartPlan, starts_at: datetime
) -> tuple[str, ...]:
    """Return what our rows, the recomputation of what was *asked* at *starts_at*, and Stripe don't agree on."""
    known = await env.engine.queries.customers.get(env.org_id, customer.customer_id)
    seen = tuple(
        SeatObservation(observed_at=report.observed_at, members=report.members, guests=report.guests)
        for report in await env.engine.queries.customers.seats(env.org_id, customer.customer_id)
    )
    scenario = Scenario(
        organization=Organization(customer.name, seen), starts_at=starts_at, ends_at=starts_at, start=asked
    )
    result = DemoResult(scenario, customer.customer_id, known.billing_account.stripe_customer_id or "")
    demo = DemoEnvironment(env.engine, env.org_id, run="")
    return (await report_on(demo, result)).differences
