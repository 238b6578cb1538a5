"""A row that is only read says the same as the one that the ORM makes of it."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import Integer, Numeric, bindparam, cast, inspect, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapper

from billflow.models.tables import BillingAccountRow, CustomerRow
from billflow.models.tables.base import Base
from billflow.store.customers.records import SHOWN
from billflow.store.session.plain_rows import plain_rows
from tests.store.conftest import Company

TABLES = sorted(Base.registry.mappers, key=lambda one: one.class_.__name__)


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.class_.__name__)
def test_a_query_has_the_columns_in_the_order_of_the_attributes(table: Mapper[object]) -> None:
    columns = [attribute.columns[0].name for attribute in table.column_attrs]

    assert [column.name for column in select(table.class_).selected_columns] == columns


async def test_a_customer_reads_the_same_either_way(company: Company) -> None:
    await company.customer()
    async with company.database.unit_of_work(company.org_id) as session:
        plain = await plain_rows(session, SHOWN.order_by(CustomerRow.id))
        whole = (await session.execute(SHOWN.order_by(CustomerRow.id))).all()

    assert len(plain) == len(whole) > 0
    for (customer, account, *others), (customer_row, account_row, *other_columns) in zip(plain, whole, strict=True):
        assert others == other_columns
        for read, row, table in ((customer, customer_row, CustomerRow), (account, account_row, BillingAccountRow)):
            mapper: Mapper[object] = inspect(table)
            assert read._asdict() == {one.key: getattr(row, one.key) for one in mapper.column_attrs}


async def test_a_query_with_a_list_of_values_reads_what_one_with_a_value_does(company: Company) -> None:
    customer = await company.customer()
    one = SHOWN.where(CustomerRow.id == bindparam("customer"))
    many = SHOWN.where(CustomerRow.id.in_([UUID(customer.customer_id)]))
    async with company.database.reading(company.org_id) as reading:
        by_value = await plain_rows(reading, one, {"customer": UUID(customer.customer_id)})
        by_list = await plain_rows(reading, many)

    assert by_value == by_list != []


async def test_a_share_of_a_hundred_reads_as_exactly_as_it_is_written(company: Company) -> None:
    exact = select(cast(bindparam("share", type_=Numeric(12, 6)), Numeric(12, 6)))
    async with company.database.reading(company.org_id) as reading:
        assert await plain_rows(reading, exact, {"share": Decimal("12.345678")}) == [(Decimal("12.345678"),)]


async def test_what_postgresql_refuses_past_sqlalchemy_is_the_same_error(company: Company) -> None:
    refused = select(literal(1) / bindparam("by", type_=Integer()))
    async with company.database.unit_of_work(company.org_id) as session:
        with pytest.raises(DBAPIError) as by_session:
            await session.execute(refused, {"by": 0})
        await session.rollback()
    async with company.database.reading(company.org_id) as reading:
        with pytest.raises(DBAPIError) as past_it:
            await plain_rows(reading, refused, {"by": 0})

    assert type(past_it.value) is type(by_session.value)
    assert past_it.value.orig is not None
    assert type(past_it.value.orig) is type(by_session.value.orig)
