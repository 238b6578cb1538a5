"""Filters of lists as conditions. Only comparisons that an index serves under row-level security."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Uuid, func, or_, select

from billflow.domain.plan import CutoverStatus, PlanStatus
from billflow.models.contracts.invoices import UNPAID
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, PlanFilter
from billflow.models.tables import (
    CustomerPlan,
    CustomerRow,
    CustomerSearchTerm,
    InvoiceRow,
    Realm,
    RemoteRealm,
    RemoteServer,
)
from billflow.store.session.rows import as_id

Conditions = list[ColumnElement[bool]]
AFTER_ALL_LETTERS = "\U0010ffff"
TERM_LENGTH = 16


def equal(wanted: BaseModel, columns: Mapping[str, Any]) -> Conditions:
    """Return the conditions that *columns* equal the fields of those names, as far as these are set.

    Raises `NotFound` for the text of an id that can't be one.
    """
    named = ((name, column, getattr(wanted, name)) for name, column in columns.items())
    return [
        column == (as_id(value, name.removesuffix("_id").replace("_", " ")) if isinstance(column.type, Uuid) else value)
        for name, column, value in named
        if value is not None
    ]


def plans_that(wanted: PlanFilter) -> Conditions:
    """Return what the plans must fulfil."""
    row = CustomerPlan
    named = {"customer_id": row.customer_id, "test_clock_id": row.test_clock_id, "status": row.status, "tier": row.tier}
    conditions = equal(wanted, {**named, "currency": row.currency, "attention": row.attention_code})
    if wanted.needs_attention is not None:
        conditions.append(row.attention_code.is_not(None) == wanted.needs_attention)
    if wanted.live is not None:
        live = [status for status in PlanStatus if status.is_live]
        conditions.append(row.status.in_(live) if wanted.live else row.status.not_in(live))
    if wanted.next_invoice_before is not None:
        conditions.append(row.next_invoice_date < wanted.next_invoice_before)
    if wanted.parallel_run is not None:
        is_over = or_(row.parallel_run_since.is_(None), row.cutover_status.is_not_distinct_from(CutoverStatus.DONE))
        conditions.append(~is_over if wanted.parallel_run else is_over)
    return conditions


def invoices_that(wanted: InvoiceFilter) -> Conditions:
    """Return what the invoices must fulfil."""
    row = InvoiceRow
    named = {"customer_id": row.customer_id, "plan_id": row.plan_id, "status": row.status, "currency": row.currency}
    conditions = equal(wanted, {**named, "next_action": row.next_action})
    if wanted.number is not None:
        conditions += numbered(wanted.number)
    if wanted.unpaid is not None:
        conditions.append(row.status.in_(UNPAID) if wanted.unpaid else row.status.not_in(UNPAID))
    if wanted.next_action is not None:
        conditions.append(row.next_attempt_at.is_not(None))
    for name, column in {"issued": row.issued_at, "due": row.due_at, "paid": row.paid_at}.items():
        conditions += within(column, getattr(wanted, f"{name}_since"), getattr(wanted, f"{name}_until"))
    return conditions


def within(column: Any, since: datetime | None, until: datetime | None) -> Conditions:
    """Return that *column* lies in `[since, until)`, without an end that is None."""
    return [*([column >= since] if since else []), *([column < until] if until else [])]


def numbered(number: str) -> Conditions:
    """Return that an invoice has this number, in capitals or not."""
    return [InvoiceRow.number_key == number.lower()]


def customers_that(wanted: CustomerFilter) -> Conditions:
    """Return what the customers must fulfil."""
    named = {"status": CustomerRow.status, "erp_customer_number": CustomerRow.erp_customer_number}
    conditions = equal(wanted, named)
    if wanted.email is not None:
        conditions.append(CustomerRow.email_key == func.lower(wanted.email))
    # Subqueries, since lists are counted without the tables they are joined with.
    if wanted.realm is not None:
        realm = select(Realm.id).where(Realm.string_id == wanted.realm)
        conditions.append(CustomerRow.realm_id == realm.scalar_subquery())
    if wanted.remote_realm is not None:
        remote_realm = select(RemoteRealm.id).where(RemoteRealm.uuid == wanted.remote_realm)
        conditions.append(CustomerRow.remote_realm_id == remote_realm.scalar_subquery())
    if wanted.remote_server is not None:
        remote_server = select(RemoteServer.id).where(RemoteServer.uuid == wanted.remote_server)
        conditions.append(CustomerRow.remote_server_id == remote_server.scalar_subquery())
    if wanted.q is not None:
        conditions += named_like(wanted.q)
    return conditions


def named(text: str) -> Conditions:
    """Return that a customer's whole name or e-mail address is *text*, in capitals or not."""
    whole, column = text.lower(), CustomerRow
    return [*named_like(text), or_(column.name_key == whole, column.email_key == whole)]


def named_like(text: str) -> Conditions:
    """Return that a customer's name or e-mail address holds *text* somewhere, in capitals or not."""
    conditions: Conditions = [CustomerRow.id.in_(select(CustomerSearchTerm.customer_id).where(*terms_of(text)))]
    return [*conditions, holds(text)] if len(_searched(text)) > TERM_LENGTH else conditions


def terms_of(text: str) -> Conditions:
    """Return that a search term begins as *text* does."""
    begin = _searched(text)[:TERM_LENGTH]
    return [CustomerSearchTerm.term >= begin, CustomerSearchTerm.term < begin + AFTER_ALL_LETTERS]


def holds(text: str) -> ColumnElement[bool]:
    """Return the same as `named_like`, which is found out by looking at each customer's name and e-mail address."""
    return or_(*(func.strpos(key, _searched(text)) > 0 for key in (CustomerRow.name_key, CustomerRow.email_key)))


def _searched(text: str) -> str:
    return text.lower().strip()
