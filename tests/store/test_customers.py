"""Customers, seats and clocks: what may be created, and what is refused with which sentence."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import ValidationError

from billflow.domain.catalog import Hosting
from billflow.domain.errors import InvalidInput, NotFound, Refused
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import (
    CustomerPricing,
    CustomerRef,
    CustomerStatus,
    Deployment,
    DeploymentKind,
    NewCustomer,
    OfferStatus,
    SeatReport,
)
from billflow.models.contracts.invoices import InvoiceRef, Paid
from billflow.models.tables import CustomerPlanOffer
from billflow.store.access.organizations import org_id_of
from billflow.store.customers.deployments import slug_of
from tests.store.conftest import BEGIN, Company, by

DAY = timedelta(days=1)


def new(email: str = "admin@acme.example", **more: object) -> NewCustomer:
    """Describe a customer."""
    return NewCustomer.model_validate({"name": "Acme Corporation", "email": email} | more)


async def test_an_organization_is_created_once_under_an_id_that_follows_from_its_slug(company: Company) -> None:
    ids = await asyncio.gather(*(company.repositories.organizations.ensure("twice") for _ in range(3)))
    assert set(ids) == {org_id_of("twice")}


async def test_a_customer_without_a_deployment_gets_a_realm_named_after_it(company: Company) -> None:
    first = await company.repositories.customers.create(company.org_id, new("one@acme.example"), by())
    second = await company.repositories.customers.create(company.org_id, new("two@acme.example"), by())
    assert first.deployment == Deployment(kind=DeploymentKind.REALM, name="acme-corporation")
    assert second.deployment.name.startswith("acme-corporation-")
    assert (first.status, first.hosting, first.billing_account.currency) == (
        CustomerStatus.ACTIVE,
        Hosting.CLOUD,
        "USD",
    )
    assert await company.queries.customers.get(company.org_id, first.customer_id) == first
    assert await company.queries.customers.of_deployment(company.org_id, first.deployment_id) == first


@pytest.mark.parametrize(
    ("name", "slug"), [("Müller & Söhne", "muller-sohne"), ("株式会社", "realm"), ("a" * 99, "a" * 40)]
)
def test_a_name_becomes_a_subdomain(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@pytest.mark.parametrize("kind", [DeploymentKind.REMOTE_REALM, DeploymentKind.REMOTE_SERVER])
async def test_a_remote_deployment_belongs_to_one_customer(company: Company, kind: DeploymentKind) -> None:
    deployment = Deployment(kind=kind, name="chat.example.com", uuid=uuid4())
    customer = await company.customer(deployment)
    assert (customer.deployment, customer.hosting) == (deployment, Hosting.SELF_HOSTED)
    with pytest.raises(Refused) as refused:
        await company.customer(deployment)
    assert (refused.value.code, refused.value.field) == ("deployment_taken", "deployment")


async def test_an_email_belongs_to_one_customer_whatever_its_case(company: Company) -> None:
    asks = [new("Admin@Acme.example"), new("admin@acme.example")]
    answers = await asyncio.gather(
        *(company.repositories.customers.create(company.org_id, ask, by()) for ask in asks), return_exceptions=True
    )
    assert [error.code for error in answers if isinstance(error, Refused)] == ["email_taken"]


async def test_customers_of_one_name_at_once_all_get_a_realm(company: Company) -> None:
    asks = [new(f"admin{n}@acme.example") for n in range(6)]
    made = await asyncio.gather(*(company.repositories.customers.create(company.org_id, ask, by()) for ask in asks))
    assert len({customer.deployment.name for customer in made}) == 6


async def test_an_erp_number_belongs_to_one_customer(company: Company) -> None:
    await company.repositories.customers.create(
        company.org_id, new("one@acme.example", erp_customer_number="4711"), by()
    )
    with pytest.raises(Refused, match="ERP number"):
        await company.repositories.customers.create(
            company.org_id, new("two@acme.example", erp_customer_number="4711"), by()
        )


@pytest.mark.parametrize("bad", [{"name": " "}, {"email": "nobody"}, {"default_currency": "XYZ"}])
def test_a_bad_field_is_named(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        new(**bad)


async def test_a_customer_of_no_organization_is_refused(company: Company) -> None:
    with pytest.raises(NotFound, match="no such organization"):
        await company.repositories.customers.create(str(uuid4()), new(), by())


async def test_pricing_holds_for_plans_that_start_later(company: Company) -> None:
    customer = await company.customer()
    pricing = CustomerPricing(required_plan_tier="cloud_standard", monthly_discounted_price=600)
    priced = await company.repositories.customers.set_pricing(customer.ref, pricing, by())
    assert priced.pricing == pricing
    assert (await company.bought(customer)).price_per_license == 600


@pytest.mark.full
async def test_ten_thousand_seat_reports_count_once(company: Company) -> None:
    customer = await company.customer()
    reports = [SeatReport(observed_at=BEGIN + n * DAY, members=n, guests=1) for n in range(10_000)]
    assert await company.repositories.seats.report(customer.ref, reports) == 10_000
    changed = [report.model_copy(update={"members": 7}) for report in reports[:10]]
    assert await company.repositories.seats.report(customer.ref, changed) == 0
    kept = await company.queries.customers.seats(company.org_id, customer.customer_id, until=BEGIN + 10 * DAY)
    assert kept == tuple(reports[:10])


async def test_seats_of_nobody_are_refused(company: Company) -> None:
    with pytest.raises(NotFound):
        await company.repositories.seats.report(
            CustomerRef(org_id=company.org_id, customer_id=str(uuid4())), [SeatReport(observed_at=BEGIN, members=1)]
        )


async def test_suspending_twice_keeps_the_first_moment(company: Company) -> None:
    customer = await company.customer()
    first, again = [
        await company.repositories.customers.suspend(customer.ref, by(at=BEGIN + days * DAY)) for days in (1, 2)
    ]
    assert (first.status, first.suspended_at) == (CustomerStatus.SUSPENDED, BEGIN + DAY)
    assert again == first
    active = await company.repositories.customers.activate(customer.ref, by())
    assert (active.status, active.suspended_at) == (CustomerStatus.ACTIVE, None)


async def test_an_account_closes_only_without_a_plan(company: Company) -> None:
    customer = await company.customer()
    await company.start(company.ask(customer))
    with pytest.raises(Refused, match="live plan"):
        await company.repositories.customers.deactivate(customer.ref, by())


async def test_a_clock_goes_forward_only(company: Company) -> None:
    clock = await company.repositories.test_clocks.create(company.org_id, BEGIN, "demo")
    moved = await company.repositories.test_clocks.advance(company.org_id, clock.test_clock_id, BEGIN + DAY)
    assert await company.repositories.test_clocks.get(company.org_id, clock.test_clock_id) == moved
    with pytest.raises(InvalidInput, match="can't go back"):
        await company.repositories.test_clocks.advance(company.org_id, clock.test_clock_id, BEGIN)


async def test_a_clock_is_behind_until_all_that_is_due_was_done(company: Company) -> None:
    clock = (await company.repositories.test_clocks.create(company.org_id, BEGIN)).test_clock_id
    customer = await company.customer()
    ask = company.ask(customer).model_copy(update={"test_clock_id": clock})
    started = await company.start(ask)
    assert started.state.clock_at == BEGIN
    assert await company.queries.plans.clock_has_work_due(company.org_id, clock)
    assert not await company.queries.plans.clock_has_purchase_due(company.org_id, clock)

    invoice = InvoiceRef(org_id=company.org_id, invoice_id=started.invoices[0].invoice_id)
    await company.repositories.invoices.record_outcome(invoice, Paid(amount_paid=800), BEGIN)
    assert await company.queries.plans.clock_has_work_due(company.org_id, clock)
    assert await company.queries.plans.clock_has_purchase_due(company.org_id, clock)
    plan = (await company.activate(started)).state
    assert not await company.queries.plans.clock_has_work_due(company.org_id, clock)
    assert not await company.queries.plans.clock_has_purchase_due(company.org_id, clock)

    await company.repositories.test_clocks.advance(company.org_id, clock, BEGIN + 40 * DAY)
    assert await company.queries.plans.clock_has_work_due(company.org_id, clock)
    closed = await company.close(plan)
    await company.repositories.invoices.record_outcome(
        InvoiceRef(org_id=company.org_id, invoice_id=closed.invoices[0].invoice_id), Paid(amount_paid=800), BEGIN
    )
    assert not await company.queries.plans.clock_has_work_due(company.org_id, clock)
    assert [p.plan_id for p in await company.queries.plans.running(company.org_id, test_clock_id=clock)] == [
        plan.plan_id
    ]


async def test_all_plans_of_a_customer_live_in_one_time(company: Company) -> None:
    customer = await company.customer()
    await company.start(company.ask(customer))
    clock = (await company.repositories.test_clocks.create(company.org_id, BEGIN)).test_clock_id
    with pytest.raises(Refused, match="another time"):
        await company.start(company.ask(customer).model_copy(update={"test_clock_id": clock}))


async def test_an_offer_is_accepted_once_and_as_it_was_made(company: Company) -> None:
    customer = await company.customer()
    offer = CustomerPlanOffer(
        id=uuid4(), org_id=company.org_id, customer_id=customer.customer_id, tier="cloud_plus", fixed_price=250_000
    )
    offer.currency = "USD"
    async with company.database.unit_of_work(company.org_id) as session:
        session.add(offer)
    asked = StartPlan(
        tier="cloud_plus", schedule=Schedule.MONTHLY, fixed_price=250_000, licenses=40, offer_id=str(offer.id)
    )
    cheaper = StartPlan(tier="cloud_plus", schedule=Schedule.MONTHLY, fixed_price=1, offer_id=str(offer.id))
    with pytest.raises(Refused, match="terms are others"):
        await company.start(company.ask(customer, cheaper))
    plan = await company.bought(customer, asked)
    assert (plan.status, plan.fixed_price, plan.licenses) == (PlanStatus.ACTIVE, 250_000, 40)
    async with company.database.unit_of_work(company.org_id) as session:
        kept = await session.get_one(CustomerPlanOffer, offer.id)
        assert (kept.status, kept.closed_at) == (OfferStatus.ACCEPTED, BEGIN)
