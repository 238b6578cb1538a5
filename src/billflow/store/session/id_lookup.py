"""Finding a row as people name it: by the beginning of its id, a customer's name, an invoice's number."""

import re
from collections.abc import Callable, Mapping
from uuid import UUID

from sqlalchemy import select

from billflow.domain.document_numbers import AdjustmentNoun, n_of_document
from billflow.models import tables
from billflow.models.contracts.records import InvoiceFilter
from billflow.models.tables.base import Identified
from billflow.store.session.database import Repository
from billflow.store.session.list_filters import ListFilter, invoices_that, named, named_like

_TABLES: dict[str, type[Identified]] = {
    "customer": tables.CustomerRow,
    "plan": tables.CustomerPlan,
    "invoice": tables.InvoiceRow,
    "credit note": tables.CreditNoteRow,
    "refund": tables.RefundRow,
    "mail": tables.MailRow,
    "test clock": tables.TestClock,
    "offer": tables.CustomerPlanOffer,
    "endpoint": tables.WebhookEndpoint,
    "event": tables.OutboxEvent,
    "API key": tables.ApiKey,
    "plan batch": tables.PlanBatchRow,
    "dry run": tables.DryRunRow,
    "finding": tables.ReconciliationFinding,
    "reconciliation run": tables.ReconciliationRunRow,
    "sponsorship request": tables.SponsorshipRequest,
}
_HEX_DIGITS = 32
_BEGINNING = re.compile(rf"[0-9a-f]{{1,{_HEX_DIGITS}}}")


_THERE = ListFilter((tables.CustomerRow.deleted_at.is_(None),))
_NAMED: Mapping[str, Callable[[str], ListFilter]] = {
    "customer": lambda text: named(text) + _THERE,
    "invoice": lambda text: invoices_that(InvoiceFilter(number=text)),
    "credit note": lambda text: _document("credit_note", text),
    "refund": lambda text: _document("refund", text),
}
_NAMED_LIKE: Mapping[str, Callable[[str], ListFilter]] = {"customer": lambda text: named_like(text) + _THERE}


class IdLookup(Repository):
    """Finds ids of what people name."""

    async def ids_of(self, org_id: str, noun: str, typed: str, limit: int = 3) -> tuple[str, ...]:
        """Return the ids of things of a kind, *limit* at most, whose id begins so or whose name it is.

        Where there are none, those of customers whose name or e-mail address holds it.
        """
        beginning = _beginning(noun, typed)
        begun = await self._ids(org_id, noun, beginning, limit) if beginning else ()
        whole = tuple(dict.fromkeys((*begun, *await self.ids_named(org_id, noun, typed, limit))))
        if whole or noun not in _NAMED_LIKE:
            return whole
        return await self._ids(org_id, noun, _NAMED_LIKE[noun](typed), limit)

    async def ids_named(self, org_id: str, noun: str, name: str, limit: int = 3) -> tuple[str, ...]:
        """Return the ids of the customers of that name or e-mail address, or the invoices of that number."""
        return await self._ids(org_id, noun, _NAMED[noun](name), limit) if noun in _NAMED else ()

    async def _ids(self, org_id: str, noun: str, wanted: ListFilter, limit: int) -> tuple[str, ...]:
        key = _TABLES[noun].id
        query = wanted.of(select(key).order_by(key).limit(limit))
        async with self.database.unit_of_work(org_id) as session:
            return tuple(map(str, await session.scalars(query)))


def _document(kind: AdjustmentNoun, number: str) -> ListFilter:
    """Return that a credit note or refund has this number."""
    result = tables.AdjustmentResultRow
    key, of = {
        "credit_note": (tables.CreditNoteRow.id, result.credit_note_id),
        "refund": (tables.RefundRow.id, result.refund_id),
    }[kind]
    named = select(of).where(of.is_not(None), result.document_n == n_of_document(kind, number))
    return ListFilter((key.in_(named),))


def _beginning(noun: str, typed: str) -> ListFilter | None:
    """Return that an id begins so, None for what no id begins with."""
    digits = typed.lower().replace("-", "")
    if not _BEGINNING.fullmatch(digits):
        return None
    first, last = UUID(digits.ljust(_HEX_DIGITS, "0")), UUID(digits.ljust(_HEX_DIGITS, "f"))
    return ListFilter((_TABLES[noun].id.between(first, last),))
