"""A short list's total is exact; a long one is counted every few seconds."""

import pytest
from sqlalchemy import func, select

from billflow.models.tables import CustomerRow
from billflow.store.session import row_counts
from billflow.store.session.database import CONNECTION
from billflow.store.session.row_counts import CACHED_FOR, RowCounts, values_and_shape
from tests.store.conftest import Company

COUNTING = select(func.count()).select_from(CustomerRow)


@pytest.mark.parametrize(("long", "at_once"), [(2, 2), (1000, 3)])
async def test_a_total_is_old_for_long_lists_only(
    company: Company, monkeypatch: pytest.MonkeyPatch, long: int, at_once: int
) -> None:
    monkeypatch.setattr(row_counts, "LONG", long)
    now = 100.0
    known = RowCounts(lambda: now)

    async def count() -> int:
        async with company.repositories.organizations.database.reading(company.org_id) as reading:
            return await known.count(reading.info[CONNECTION], (company.org_id,), lambda: COUNTING)

    for _ in range(2):
        await company.customer()
    assert await count() == 2
    await company.customer()
    assert await count() == at_once
    now += CACHED_FOR
    assert await count() == 3


async def test_a_total_is_kept_two_hundred_times_as_long_as_counting_takes(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counts, "LONG", 1)
    ticks = iter([0.0, 0.0, 0.5, 100.4, 100.6, 100.6, 100.6])  # looked, begun, counted; looked; looked, begun, counted
    known, database = RowCounts(lambda: next(ticks)), company.repositories.organizations.database
    found = []
    for _ in range(3):
        await company.customer()
        async with database.reading(company.org_id) as reading:
            found.append(await known.count(reading.info[CONNECTION], (company.org_id,), lambda: COUNTING))

    assert found == [1, 1, 3]


async def test_totals_of_organizations_and_of_filters_are_told_apart(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counts, "LONG", 0)
    stranger = await company.repositories.organizations.ensure("total-stranger")
    customer = await company.customer()
    known = RowCounts()

    async def count(org_id: str, name: str) -> int:
        async with company.repositories.organizations.database.reading(org_id) as reading:
            counting = COUNTING.where(CustomerRow.name == name)
            return await known.count(reading.info[CONNECTION], (org_id, values_and_shape(counting)), lambda: counting)

    assert await count(company.org_id, customer.name) == 1
    assert await count(company.org_id, "nobody") == 0
    assert await count(stranger, customer.name) == 0
