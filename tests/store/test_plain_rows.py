"""A row that is only read says the same as the one that the ORM makes of it."""

import pytest
from sqlalchemy import inspect, select
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
