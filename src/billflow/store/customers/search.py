"""Searches for customers by a part of a name or e-mail address, which one of them has or every one (decision 0374)."""

from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.records import CustomerFilter
from billflow.models.tables import CustomerSearchTerm
from billflow.store.session.list_filters import IS_TERM, TERM_LENGTH, ListFilter, customers_that, holding, terms_of
from billflow.store.session.paging import MOST
from billflow.store.session.sent_directly import fetch

MOST_TERMS = 5_000
"""From so many terms on a text is common: the newest customers that have it are found by looking at the newest."""

MOST_TERMS_COUNTED = 100_000
"""Terms whose customers are counted for a total. The first of a book that has more are of more than are counted."""

_COMMON, _COUNTED, _MOST = (bindparam(name, type_=Integer()) for name in ("common", "counted_terms", MOST))
_ONE: Select[Any] = select(literal_column("1")).select_from(CustomerSearchTerm).where(IS_TERM).limit(_COMMON)
_TERMS = select(func.count()).select_from(_ONE.subquery())
_IS_RARE = _TERMS.scalar_subquery() < _COMMON
_OF_TERMS = select(CustomerSearchTerm.customer_id).where(IS_TERM).limit(_COUNTED).subquery()
_COUNTING = select(func.count()).select_from(select(_OF_TERMS.c.customer_id).distinct().limit(_MOST).subquery())


def by_terms(wanted: CustomerFilter) -> ListFilter:
    """Return what the customers must fulfil, who are found by their terms; that is nobody where the text is common."""
    rare = ListFilter() if wanted.q is None else ListFilter((_IS_RARE,), _values(wanted.q))
    return customers_that(wanted) + rare


def by_each(wanted: CustomerFilter, text: str) -> ListFilter:
    """Return the same where the *text* that is wanted of each is common."""
    others = customers_that(wanted.model_copy(update={"q": None}))
    return others + holding(text) + ListFilter(values=_values(text))


async def is_common(session: AsyncSession, text: str) -> bool:
    """Tell whether customers have a text so often that not all who have it are looked at."""
    ((terms,),) = await fetch(session, _TERMS, _values(text))
    return bool(terms == MOST_TERMS)


def counting(wanted: CustomerFilter) -> Select[int] | None:
    """Return what counts the customers that have a text, None where terms do not tell who is wanted."""
    if wanted.q is None or wanted != CustomerFilter(q=wanted.q) or len(wanted.q.strip()) > TERM_LENGTH:
        return None
    return _COUNTING


def _values(text: str) -> dict[str, object]:
    """Return the values by which the terms of a text are found and counted."""
    return {**terms_of(text), _COMMON.key: MOST_TERMS, _COUNTED.key: MOST_TERMS_COUNTED}
