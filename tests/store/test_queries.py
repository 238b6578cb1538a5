"""Lists show each row once, filtered as asked, and say how many there are."""

import base64
from uuid import UUID

import pytest
from sqlalchemy import update

from billflow.domain.errors import InvalidInput
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customers import CustomerStatus, CustomerUpdate, NewCustomer
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, Paging, PlanFilter
from billflow.models.tables import InvoiceRow
from tests.store.conftest import BEGIN, Company, by, ref


@pytest.fixture
async def crowd(company: Company) -> list[str]:
    """Return the plans of five customers."""
    return [(await company.bought(await company.customer())).plan_id for _ in range(5)]


async def test_a_list_is_walked_by_cursor_without_gap_or_repetition(company: Company, crowd: list[str]) -> None:
    seen, paging = list[str](), Paging(limit=2)
    while True:
        page = await company.queries.plans.search(company.org_id, PlanFilter(), paging)
        assert page.total == 5
        seen += [plan.plan_id for plan in page.rows]
        if page.next is None:
            break
        paging = Paging(limit=2, after=page.next)
    assert seen == crowd[::-1]


async def test_a_list_is_walked_by_offset(company: Company, crowd: list[str]) -> None:
    page = await company.queries.plans.search(company.org_id, PlanFilter(), Paging(limit=2, offset=3))
    assert [plan.plan_id for plan in page.rows] == crowd[1::-1]


async def test_a_cursor_of_somewhere_else_is_refused(company: Company) -> None:
    for cursor in ("", "YWJj", "%%%", "ÿ"):
        with pytest.raises(InvalidInput, match="after is no cursor"):
            await company.queries.plans.search(company.org_id, PlanFilter(), Paging(after=cursor))


async def test_a_cursor_whose_moment_has_no_zone_names_a_place(company: Company, crowd: list[str]) -> None:
    after = base64.urlsafe_b64encode(f"2100-01-01T00:00:00 {company.org_id}".encode()).decode()
    assert len((await company.queries.plans.search(company.org_id, PlanFilter(), Paging(after=after))).rows) == len(
        crowd
    )


async def test_plans_are_found_by_what_they_are(company: Company, crowd: list[str]) -> None:
    async def found(**wanted: object) -> int:
        return (await company.queries.plans.search(company.org_id, PlanFilter.model_validate(wanted))).total

    assert await found(status=PlanStatus.ACTIVE, tier="cloud_standard") == len(crowd)
    assert await found(status=PlanStatus.ENDED) == 0
    assert await found(tier="cloud_plus") == 0
    assert await found(needs_attention=True) == 0
    assert await found(needs_attention=False) == len(crowd)
    assert await found(next_invoice_before=BEGIN) == 0
    assert await found(next_invoice_before=BEGIN.replace(month=3)) == len(crowd)


async def test_invoices_are_found_by_plan_and_customer(company: Company, crowd: list[str]) -> None:
    of_plan = await company.queries.invoices.search(company.org_id, InvoiceFilter(plan_id=crowd[0]))
    assert [invoice.plan_id for invoice in of_plan.rows] == [crowd[0]]
    customer_id = of_plan.rows[0].customer_id
    of_customer = await company.queries.invoices.search(company.org_id, InvoiceFilter(customer_id=customer_id))
    assert of_customer == of_plan
    assert (await company.queries.invoices.search(company.org_id, InvoiceFilter())).total == len(crowd)


async def test_customers_are_found_by_any_part_of_their_name_or_e_mail_address(company: Company) -> None:
    async def found(q: str) -> list[str]:
        rows = (await company.queries.customers.search(company.org_id, CustomerFilter(q=q))).rows
        return [one.name for one in rows]

    new = NewCustomer(name="Stadtwerke Köln GmbH & Co. KG", email="einkauf@stadtwerke-koeln.example")
    customer = await company.repositories.customers.create(company.org_id, new, by())

    for part in (
        "stadt",
        "WERKE",
        "köln",
        "gmbh & co. kg",
        "einkauf@",
        "@stadtwerke-koeln.example",
        "werke-koeln",
        " KG",
    ):
        assert await found(part) == [customer.name], part
    for none in ("stadtwerke-köln", "stadtwerke köln gmbx", "%", "_", "werke-koeln.examplf"):
        assert await found(none) == [], none

    await company.repositories.customers.update(customer.ref, CustomerUpdate(name="Rheinwerke"), by())
    assert await found("köln") == []
    assert await found("einwerk") == ["Rheinwerke"]
    await company.repositories.customers.delete(customer.ref, by())
    assert await found("einwerk") == []


async def test_what_people_type_is_an_id_a_whole_name_or_a_part_of_one(company: Company) -> None:
    async def made(name: str, email: str) -> str:
        new = NewCustomer(name=name, email=email)
        return (await company.repositories.customers.create(company.org_id, new, by())).customer_id

    async def found(typed: str) -> set[str]:
        return set(await company.queries.ids.ids_of(company.org_id, "customer", typed))

    acme = await made("Acme", "billing@acme.example")
    labs = await made("Acme Labs", "labs@other.example")

    assert await found("ACME") == {acme}, "a whole name is meant before a part"
    assert await found("labs") == {labs}
    assert await found("other.ex") == {labs}
    assert await found("acm") == {acme, labs}
    assert await found(labs[:13]) == {labs}
    assert await found("nobody") == set()


async def test_a_name_that_is_the_beginning_of_anothers_id_is_ambiguous(company: Company) -> None:
    first = (await company.customer()).customer_id
    new = NewCustomer(name=first[:8], email="x@y.example")
    second = (await company.repositories.customers.create(company.org_id, new, by())).customer_id

    assert set(await company.queries.ids.ids_of(company.org_id, "customer", first[:8])) == {first, second}


async def test_invoices_are_found_by_their_number(company: Company, crowd: list[str]) -> None:
    rows = (await company.queries.invoices.search(company.org_id, InvoiceFilter(plan_id=crowd[0]))).rows
    async with company.database.unit_of_work(company.org_id) as session:
        await session.execute(
            update(InvoiceRow).where(InvoiceRow.id == UUID(rows[0].invoice_id)).values(number="AB-0007")
        )

    found = await company.queries.invoices.search(company.org_id, InvoiceFilter(number="ab-0007"))

    assert [invoice.invoice_id for invoice in found.rows] == [rows[0].invoice_id]
    assert await company.queries.ids.ids_of(company.org_id, "invoice", "AB-0007") == (rows[0].invoice_id,)
    assert (await company.queries.invoices.search(company.org_id, InvoiceFilter(number="AB-000"))).total == 0


@pytest.mark.usefixtures("crowd")
async def test_lists_of_plans_and_invoices_show_their_customers_name(company: Company) -> None:
    plan = (await company.queries.plans.search(company.org_id, PlanFilter())).rows[0]
    invoice = (await company.queries.invoices.search(company.org_id, InvoiceFilter())).rows[0]

    assert plan.customer_name == invoice.customer_name == "Muster GmbH"
    assert (await company.queries.plans.get(plan.ref)).customer_name == "Muster GmbH"
    assert (await company.queries.invoices.get(company.org_id, invoice.invoice_id)).customer_name == "Muster GmbH"


async def test_customers_are_found_by_a_part_of_their_name_and_by_email(company: Company) -> None:
    customer = await company.customer()
    await company.repositories.customers.suspend(customer.ref, by())

    async def found(**wanted: object) -> int:
        return (await company.queries.customers.search(company.org_id, CustomerFilter.model_validate(wanted))).total

    assert await found(q="mus") == 1
    assert await found(q="mut") == 0
    assert await found(q="%") == 0
    assert await found(email=customer.email.upper()) == 1
    assert await found(status=CustomerStatus.SUSPENDED) == 1
    assert await found(status=CustomerStatus.ACTIVE) == 0
    assert await found(erp_customer_number="4711") == 0


async def test_the_timeline_tells_steps_and_events_in_order(company: Company, crowd: list[str]) -> None:
    plan = (await company.queries.plans.search(company.org_id, PlanFilter())).rows[-1]
    assert plan.plan_id == crowd[0]
    told = [(entry.kind, entry.name) for entry in await company.queries.plans.timeline(ref(plan))]
    assert told == [
        ("step", "start"),
        ("event", "invoice.created"),
        ("event", "plan.purchase_started"),
        ("step", "activate"),
        ("event", "plan.activated"),
    ]
    assert [step.kind for step in await company.queries.plans.steps(ref(plan))] == ["start", "activate"]


async def test_what_a_purchase_bought_is_a_fact_until_the_plan_starts(company: Company) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN, 12)
    started = await company.start(company.ask(customer))

    waiting = await company.queries.plans.facts(ref(started.state), BEGIN)
    running = await company.queries.plans.facts(ref((await company.activate(started)).state), BEGIN)

    assert (waiting.paid_licenses, running.paid_licenses) == (12, 0)
    assert running.ledger[0].licenses == 12


async def test_the_facts_of_a_preview_are_those_of_the_step(company: Company, crowd: list[str]) -> None:
    plan = (await company.queries.plans.search(company.org_id, PlanFilter())).rows[-1]
    facts = await company.queries.plans.facts(ref(plan), BEGIN.replace(month=2))
    assert (facts.plan.id, facts.plan.status) == (crowd[0], PlanStatus.ACTIVE)
    assert [(entry.seq, entry.allocated) for entry in facts.ledger] == [(1, True)]
    assert [line.amount for line in facts.charged] == [800]
