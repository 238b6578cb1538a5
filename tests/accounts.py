"""Three accounts of a customer's invoices side by side, as the demo compares them."""

from datetime import datetime

from billflow.demo.accounts import report_on
from billflow.demo.play import Played, Stage
from billflow.demo.script import Part
from billflow.demo.seats_csv import Organization
from billflow.domain.purchasing import StartPlan
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.customers import CustomerRecord
from tests.world import World


async def differences(world: World, customer: CustomerRecord, asked: StartPlan, starts_at: datetime) -> tuple[str, ...]:
    """Return what our rows, the recomputation of what was *asked* at *starts_at*, and Stripe don't agree on."""
    known = await world.engine.archive.customer(world.org_id, customer.customer_id)
    seen = tuple(
        SeatObservation(observed_at=report.observed_at, members=report.members, guests=report.guests)
        for report in await world.engine.archive.seats(world.org_id, customer.customer_id)
    )
    part = Part(Organization(customer.name, seen), starts_at, starts_at, asked)
    played = Played(part, customer.customer_id, known.billing_account.stripe_customer_id or "")
    stage = Stage(world.engine, world.sandbox, world.org_id, run="")
    return (await report_on(stage, played)).differences
