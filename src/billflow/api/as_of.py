"""Answers as of a moment: what was known then."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import AfterValidator

from billflow.api.fields import Slice
from billflow.api.services import Services
from billflow.documents.invoices import InvoiceDocuments
from billflow.domain.errors import NotFound
from billflow.domain.moments import check_past
from billflow.models.contracts.base import RequestMoment
from billflow.models.contracts.records import Paging
from billflow.store.session.repositories import Queries

Found = TypeVar("Found")

_WHAT = "What was known at this moment, in real time; without it, what is known now."


def _past(moment: datetime) -> datetime:
    return check_past(moment, datetime.now(UTC), "as_of")


PastMoment = Annotated[
    RequestMoment | None, AfterValidator(lambda moment: moment and _past(moment)), Query(description=_WHAT)
]
"""A moment that has been, in real time."""


class PastPaging(Paging):
    """Which part of a list to answer, and as of when."""

    as_of: PastMoment = None


class PastSlice(Slice):
    """Which part of a short list to answer, and as of when."""

    as_of: PastMoment = None


def documents(services: Services, as_of: datetime | None) -> InvoiceDocuments:
    """Return the documents of what was known at a moment; who sells is who sells now, until an invoice says so."""
    past = services.queries.as_of(as_of)
    return replace(
        services.documents,
        invoice=past.invoices.get,
        customer=past.customers.get,
        statement=past.statements.statement,
    )


async def known(services: Services, as_of: datetime | None, read: Callable[[Queries], Awaitable[Found]]) -> Found:
    """Return what *read* finds as of a moment; raises `NotFound` that says whether it came later."""
    try:
        return await read(services.queries.as_of(as_of))
    except NotFound:
        if as_of is None:
            raise
        await read(services.queries)
        message = f"This was recorded after {as_of.isoformat()}, the moment of as_of; name a later one."
        raise NotFound(message, code="recorded_later", field="as_of") from None
