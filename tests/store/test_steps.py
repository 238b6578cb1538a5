"""The records take each step once, whole, and remember what it answered."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from billflow.domain import suspension
from billflow.domain.commands import DowngradeAtEndOfCycle, EndNow, SetLicenses, SetLicensesAtRenewal, SwitchToAnnual
from billflow.domain.errors import NotFound, Refused
from billflow.domain.ledger import Disposition
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan, abandon
from billflow.models.contracts.customers import CustomerPricing, CustomerStatus, Deployment, DeploymentKind
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.steps import AbandonInput, PlanRef, ResumeInput
from billflow.models.tables import CustomerPlan
from billflow.store.plans.step_facts import step_facts
from tests.store.conftest import BEGIN, Company, by, ref, rows_of

DAY = timedelta(days=1)
BY_HAND = StartPlan(
    tier="cloud_standard", schedule=Schedule.MONTHLY, licenses=12, license_management=LicenseManagement.MANUAL
)
BASIC = StartPlan(tier="self_hosted_basic", schedule=Schedule.MONTHLY)
SERVER = DeploymentKind.REMOTE_SERVER


async def test_a_purchase_waits_for_its_payment_and_then_runs(company: Company) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, 12)
    started = await company.start(company.ask(customer))
    assert started.state.status is PlanStatus.NEVER_STARTED
    assert started.state.awaiting_invoice_id == started.invoices[0].invoice_id
    assert started.invoices[0].total == 12 * 800

    running = (await company.activate(started)).state
    assert (running.status, running.licenses, running.awaiting_invoice_id) == (PlanStatus.ACTIVE, 12, None)
    assert running.due_at == BEGIN.replace(month=2)
    assert await company.repositories.plans.get(ref(running)) == running


async def test_every_billed_entry_names_the_line_that_bills_it(company: Company) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, 12)
    plan = await company.bought(customer)
    await company.seats(customer, BEGIN + 3 * DAY, 14)
    await company.seats(customer, BEGIN + 4 * DAY, 13)
    made = (await company.close(plan)).invoices[0]

    ledger = await company.queries.plans.ledger(ref(plan))
    assert [entry.disposition for entry in ledger] == [
        Disposition.BILLED,
        Disposition.BILLED,
        Disposition.NOTHING_TO_BILL,
        Disposition.BILLED,
    ]
    lines = (await company.queries.invoices.get(company.org_id, made.invoice_id)).lines
    assert [(line.amount, line.entries) for line in lines] == [(13 * 800, (4,)), (2 * 723, (2,))]
    assert all(line.amount == line.derivation.amount for line in lines)


@pytest.mark.parametrize("times", [2, 3])
async def test_a_step_taken_again_changes_nothing_and_answers_the_same(
    company: Company, store_url: str, times: int
) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, 12)
    plan = await company.bought(customer)
    first = await company.close(plan)
    rows = rows_of(store_url, company.org_id)
    assert [await company.close(plan) for _ in range(times)] == [first] * times
    assert rows_of(store_url, company.org_id) == rows


async def test_a_switch_hands_over_to_a_successor_in_one_step(company: Company) -> None:
    plan = await company.bought(await company.customer())
    switching = (await company.command(plan, SwitchToAnnual(), BEGIN + DAY)).state
    result = await company.close(switching)
    assert result.state.status is PlanStatus.ENDED
    assert result.successor is not None
    assert result.successor.predecessor_id == plan.plan_id
    assert [(made.plan_id, made.total) for made in result.invoices] == [(result.successor.plan_id, 8000)]


async def test_a_refused_command_is_answered_the_same_again_and_kept_in_the_audit_log(
    company: Company, store_url: str
) -> None:
    plan = await company.bought(await company.customer())
    first = await company.command(plan, SetLicenses(licenses=20), BEGIN + DAY, key="again")
    assert first.refused is not None
    assert first.refused.code == "automatic_license_management"
    assert first.state == plan
    assert await company.command(plan, SetLicenses(licenses=20), BEGIN + 2 * DAY, key="again") == first
    with psycopg.connect(store_url) as connection:
        found = connection.execute(
            "SELECT actor, detail -> 'refused' ->> 'code' FROM audit_log WHERE action = 'plan.command_refused'"
            " AND subject_id = %s",
            [plan.plan_id],
        ).fetchall()
    assert found == [("tester", "automatic_license_management")]


async def test_a_plan_on_hold_says_why_once_and_goes_on_when_the_cause_is_gone(company: Company) -> None:
    customer = await company.customer()
    plan = await company.bought(customer, BY_HAND)
    await company.seats(customer, BEGIN + DAY, 20)
    on_hold = (await company.close(plan)).state
    assert on_hold.attention is not None
    assert on_hold.attention.code == "renewal_licenses_below_current_users"
    assert (await company.close(plan)).state == on_hold

    freed = await company.command(on_hold, SetLicensesAtRenewal(licenses=20), BEGIN + 40 * DAY)
    assert freed.refused is None
    passed = await company.close(plan)
    assert passed.state.attention is None
    assert passed.invoices[0].total == 20 * 800
    told = [entry.name for entry in await company.queries.plans.timeline(ref(plan))]
    assert told.count("plan.needs_attention") == 1


async def test_a_server_that_does_not_report_is_reminded_once(company: Company) -> None:
    customer = await company.customer(Deployment(kind=SERVER, name="chat.example.com", uuid=uuid4()))
    await company.seats(customer, BEGIN - DAY, 12)
    plan = await company.bought(customer, BASIC)
    for _ in range(2):
        on_hold = await company.close(plan)
        assert on_hold.state.attention is not None
        assert on_hold.state.attention.code == "stale_seat_data"
    told = [entry.name for entry in await company.queries.plans.timeline(ref(plan))]
    assert told.count("plan.seat_data_stale") == 1

    await company.seats(customer, BEGIN.replace(month=2) + DAY, 12)
    assert (await company.close(plan)).invoices[0].total == 12 * 350 - 2000


async def test_a_purchase_given_up_gives_the_discounted_months_back(company: Company) -> None:
    customer = await company.customer(Deployment(kind=SERVER, name="chat.example.com", uuid=uuid4()))
    pricing = CustomerPricing(flat_discounted_months=12)
    await company.repositories.customers.set_pricing(customer.ref, pricing, by())
    started = await company.start(company.ask(customer, BASIC))
    spent = await company.queries.customers.get(company.org_id, customer.customer_id)
    assert spent.pricing.flat_discounted_months == 11

    plan, invoice_id = ref(started.state), started.invoices[0].invoice_id
    step = AbandonInput(plan=plan, at=BEGIN, invoice_id=invoice_id, reason="declined")
    given_up = await company.repositories.plans.take_step(step, lambda facts: abandon(facts, "declined", BEGIN))
    assert [(voided.invoice_id, voided.status) for voided in given_up.voided] == [(invoice_id, InvoiceStatus.VOID)]
    assert given_up.state.awaiting_invoice_id is None
    back = await company.queries.customers.get(company.org_id, customer.customer_id)
    assert back.pricing == pricing


async def test_ending_now_can_void_every_open_invoice_of_the_customer(company: Company) -> None:
    customer = await company.customer()
    plan = await company.bought(customer)
    renewed = await company.close(plan)
    ended = await company.command(renewed.state, EndNow(void_open_invoices=True), BEGIN + 40 * DAY)
    assert len(ended.voided) == 2
    assert await company.queries.invoices.unpaid(company.org_id, customer_id=customer.customer_id) == ()


async def test_nothing_is_charged_until_the_step_that_resumes_billing(company: Company) -> None:
    customer = await company.customer()
    plan = await company.bought(customer)
    await company.repositories.customers.suspend(customer.ref, by(at=BEGIN + 20 * DAY))
    passed = await company.close(plan)
    assert (passed.invoices, passed.state.suspended) == ((), True)

    back = BEGIN + 70 * DAY
    active = await company.repositories.customers.activate(customer.ref, by(at=back))
    assert active.status is CustomerStatus.ACTIVE
    waiting = await company.close(passed.state)
    assert (waiting.invoices, waiting.state.suspended, waiting.state.resume_due) == ((), False, True)

    step = ResumeInput(plan=ref(plan), at=back)
    resumed = await company.repositories.plans.take_step(step, lambda facts: suspension.resume(facts, back))
    assert (resumed.state.resume_due, resumed.state.billing_cycle_anchor) == (False, back)
    assert [made.total for made in resumed.invoices] == [800]


async def test_ten_takers_of_one_step_get_one_answer(company: Company) -> None:
    plan = await company.bought(await company.customer())
    answers = await asyncio.gather(*(company.close(plan) for _ in range(10)))
    assert answers == [answers[0]] * 10
    assert len(await company.queries.plans.ledger(ref(plan))) == 2


async def test_ten_starts_under_one_key_are_one_purchase(company: Company) -> None:
    ask = company.ask(await company.customer(), key="one")
    answers = await asyncio.gather(*(company.start(ask) for _ in range(10)))
    assert answers == [answers[0]] * 10


async def test_of_two_purchases_at_once_one_is_refused(company: Company) -> None:
    customer = await company.customer()
    asks = [company.ask(customer), company.ask(customer, BY_HAND)]
    answers = await asyncio.gather(*map(company.start, asks), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [error.code for error in refused] == ["purchase_in_progress"]
    plans = await company.queries.plans.running(company.org_id, customer_id=customer.customer_id)
    assert len(plans) == 1


async def test_commands_at_once_are_taken_one_after_the_other(company: Company) -> None:
    plan = await company.bought(await company.customer(), BY_HAND)
    commands = [SetLicensesAtRenewal(licenses=licenses) for licenses in range(13, 21)]
    await asyncio.gather(*(company.command(plan, command, BEGIN + DAY) for command in commands))
    ledger = await company.queries.plans.ledger(ref(plan))
    assert [entry.seq for entry in ledger] == list(range(1, 10))
    assert (await company.repositories.plans.get(ref(plan))).version == plan.version + 8


async def test_a_suspended_customer_buys_nothing(company: Company) -> None:
    customer = await company.customer()
    await company.repositories.customers.suspend(customer.ref, by())
    with pytest.raises(Refused, match="suspended"):
        await company.start(company.ask(customer))


async def test_a_live_plan_excludes_another(company: Company) -> None:
    customer = await company.customer()
    plan = await company.bought(customer)
    with pytest.raises(Refused, match="already has a live plan"):
        await company.start(company.ask(customer))
    ending = (await company.command(plan, DowngradeAtEndOfCycle(), BEGIN + DAY)).state
    await company.close(ending)
    assert (await company.start(company.ask(customer))).state.status is PlanStatus.NEVER_STARTED


@pytest.mark.parametrize("plan_id", ["00000000-0000-0000-0000-000000000000", "no uuid", ""])
async def test_an_unknown_plan_is_not_found(company: Company, plan_id: str) -> None:
    with pytest.raises(NotFound, match="There is no plan"):
        await company.repositories.plans.get(PlanRef(org_id=company.org_id, plan_id=plan_id))


@pytest.mark.parametrize("days", [0, 3, 7, 20])
async def test_what_a_step_has_read_tells_what_an_earlier_moment_would_have_read(company: Company, days: int) -> None:
    customer = await company.customer()
    for day, members in ((-1, 10), (9, 12), (25, 15), (40, 11), (58, 20), (75, 21)):
        await company.seats(customer, BEGIN + timedelta(days=day), members)
    plan = await company.bought(customer)
    for _ in range(3):
        assert plan.due_at is not None
        async with company.database.unit_of_work(company.org_id) as session:
            row = await session.get_one(CustomerPlan, UUID(plan.plan_id))
            earlier = plan.due_at - timedelta(days=days)
            found = (await step_facts(session, row, plan.due_at)).before(row, earlier)
            assert found == await step_facts(session, row, earlier)
        plan = (await company.close(plan)).state


async def test_before_a_renewal_or_a_step_the_ledger_is_looked_at_again(company: Company) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN, 10)
    plan = await company.bought(customer)
    assert plan.due_at is not None
    await company.close(plan)

    async with company.database.unit_of_work(company.org_id) as session:
        row = await session.get_one(CustomerPlan, UUID(plan.plan_id))
        found = await step_facts(session, row, plan.due_at + timedelta(days=31))
        assert found.before(row, plan.due_at - timedelta(days=1)) is None
