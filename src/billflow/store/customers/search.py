"""Searches for customers by a part of a name or e-mail address, which one of them has or every one (decision 0374)."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.records import CustomerFilter
from billflow.models.tables import CustomerSearchTerm
from billflow.store.session import paging
from billflow.store.session.filters import TERM_LENGTH, Conditions, customers_that, holds, terms_of

MOST_TERMS = 5_000
"""From so many terms on a text is common: the newest customers that have it are found by looking at the newest."""

MOST_TERMS_COUNTED = 100_000
"""Terms whose customers are counted for a total. The first of a book that has more are of more than are counted."""


def by_terms(wanted: CustomerFilter) -> Conditions:
    """Return what the customers must fulfil, who are found by their terms; that is nobody where the text is common."""
    rare = [] if wanted.q is None else [_count(wanted.q) < MOST_TERMS]
    return [*customers_that(wanted), *rare]


def by_each(wanted: CustomerFilter) -> Conditions:
    """Return the same where the text is common."""
    text = [] if wanted.q is None else [holds(wanted.q)]
    return [*customers_that(wanted.model_copy(update={"q": None})), *text]


async def is_common(session: AsyncSession, text: str) -> bool:
    """Tell whether customers have a text so often that not all who have it are looked at."""
    return await session.scalar(select(_count(text))) == MOST_TERMS


def counting(wanted: CustomerFilter) -> Select[int] | None:
    """Return what counts the customers that have a text, None where terms do not tell who is wanted."""
    if wanted.q is None or wanted != CustomerFilter(q=wanted.q) or len(wanted.q) > TERM_LENGTH:
        return None
    terms = select(CustomerSearchTerm.customer_id).where(*terms_of(wanted.q)).limit(MOST_TERMS_COUNTED).subquery()
    customers = select(terms.c.customer_id).distinct().limit(paging.MOST_COUNTED)
    return select(func.count()).select_from(customers.subquery())


def _count(text: str) -> ColumnElement[int]:
    terms: Select[Any] = select(literal_column("1")).select_from(CustomerSearchTerm).where(*terms_of(text))
    return select(func.count()).select_from(terms.limit(MOST_TERMS).subquery()).scalar_subquery()
