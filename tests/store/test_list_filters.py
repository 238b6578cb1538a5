"""What lists are filtered by: each field counts, each combination is compiled once, and either way finds the same."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from billflow.domain.dunning import DunningAction
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customers import CustomerStatus
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, ListOrder, Page, Paging, PlanFilter
from billflow.store.session import paging
from billflow.store.session.list_filters import ListFilter, customers_that, invoices_that, plans_that
from tests.store.conftest import BEGIN, Company
from tests.store.test_sent_directly import listened_to

LATE = datetime(2100, 1, 1, tzinfo=UTC)
VALUES: Mapping[type[BaseModel], Mapping[str, Any]] = {
    PlanFilter: {
        "customer_id": str(uuid4()),
        "test_clock_id": str(uuid4()),
        "status": PlanStatus.ACTIVE,
        "tier": "cloud_standard",
        "currency": "USD",
        "live": True,
        "needs_attention": False,
        "attention": "no_address",
        "next_invoice_before": LATE,
        "parallel_run": False,
    },
    InvoiceFilter: {
        "customer_id": str(uuid4()),
        "plan_id": str(uuid4()),
        "status": InvoiceStatus.DRAFT,
        "number": "R-1",
        "currency": "USD",
        "unpaid": True,
        "next_action": DunningAction.RETRY,
        "issued_since": BEGIN,
        "issued_until": LATE,
        "due_since": BEGIN,
        "due_until": LATE,
        "paid_since": BEGIN,
        "paid_until": LATE,
    },
    CustomerFilter: {
        "status": CustomerStatus.ACTIVE,
        "email": "NOBODY@example.com",
        "erp_customer_number": "4711",
        "realm": "nowhere",
        "remote_realm": uuid4(),
        "remote_server": uuid4(),
        "q": "a name of more than sixteen letters",
    },
}
FIND: Mapping[Any, Callable[[Any], ListFilter]] = {
    PlanFilter: plans_that,
    InvoiceFilter: invoices_that,
    CustomerFilter: customers_that,
}
FIELDS = [(kind, name) for kind in VALUES for name in kind.model_fields]


async def found(company: Company, wanted: Any, part: Paging = paging.ALL, order: ListOrder | None = None) -> Page[Any]:
    """Return a part of the list that a filter is for."""
    queries = company.queries
    lists: Mapping[Any, Any] = {
        PlanFilter: queries.plans,
        InvoiceFilter: queries.invoices,
        CustomerFilter: queries.customers,
    }
    page: Page[Any] = await lists[type(wanted)].search(company.org_id, wanted, part, order)
    return page


@pytest.fixture
async def billed(company: Company) -> Company:
    """Return a company with three customers, plans and invoices."""
    for _ in range(3):
        await company.bought(await company.customer())
    return company


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=lambda one: one if isinstance(one, str) else one.__name__)
async def test_every_field_counts_and_finds_the_same_either_way(billed: Company, kind: Any, name: str) -> None:
    wanted = kind(**{name: VALUES[kind][name]})
    assert FIND[kind](wanted).conditions

    directly = await found(billed, wanted)
    with listened_to(billed.database):
        by_sqlalchemy = await found(billed, wanted)
    assert directly == by_sqlalchemy


@pytest.mark.parametrize("kind", VALUES, ids=lambda one: one.__name__)
async def test_all_fields_together_and_parts_in_an_order_find_the_same_either_way(billed: Company, kind: Any) -> None:
    assert (await found(billed, kind(**VALUES[kind]))).total == 0
    for order in (None, ListOrder(by="status"), ListOrder(by="status", ascending=True)):
        first = await found(billed, kind(), Paging(limit=1), order)
        part = Paging(limit=1, offset=1, after=first.next)
        directly = await found(billed, kind(), part, order)
        with listened_to(billed.database):
            assert await found(billed, kind(), part, order) == directly
        assert (len(directly.rows), directly.total) == (1, 3)


async def test_a_combination_of_filters_is_compiled_once(billed: Company) -> None:
    made = []
    for tier, limit in (("cloud_standard", 1), ("cloud_plus", 2), ("cloud_standard", 50)):
        await found(billed, PlanFilter(tier=tier, live=True), Paging(limit=limit, offset=limit))
        made.append([one.cache_info().misses for one in (paging._reading_once, paging._counting_once)])

    assert made[0] == made[1] == made[2]
