"""Filters of lists as conditions. Only comparisons that an index serves under row-level security."""

from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, PlanFilter
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow, Realm, RemoteRealm, RemoteServer
from billflow.store.session.database import as_id

Conditions = list[ColumnElement[bool]]
_AFTER_ALL_LETTERS = "\U0010ffff"


def plans_that(wanted: PlanFilter) -> Conditions:
    """Return what the plans must fulfil."""
    conditions: Conditions = []
    if wanted.customer_id is not None:
        conditions.append(CustomerPlan.customer_id == as_id(wanted.customer_id, "customer"))
    if wanted.test_clock_id is not None:
        conditions.append(CustomerPlan.test_clock_id == as_id(wanted.test_clock_id, "test clock"))
    if wanted.status is not None:
        conditions.append(CustomerPlan.status == wanted.status)
    if wanted.tier is not None:
        conditions.append(CustomerPlan.tier == wanted.tier)
    if wanted.needs_attention is not None:
        conditions.append(CustomerPlan.attention_code.is_not(None) == wanted.needs_attention)
    if wanted.next_invoice_before is not None:
        conditions.append(CustomerPlan.next_invoice_date < wanted.next_invoice_before)
    return conditions


def invoices_that(wanted: InvoiceFilter) -> Conditions:
    """Return what the invoices must fulfil."""
    conditions: Conditions = []
    if wanted.customer_id is not None:
        conditions.append(InvoiceRow.customer_id == as_id(wanted.customer_id, "customer"))
    if wanted.plan_id is not None:
        conditions.append(InvoiceRow.plan_id == as_id(wanted.plan_id, "plan"))
    if wanted.status is not None:
        conditions.append(InvoiceRow.status == wanted.status)
    return conditions


def _id_of(deployment: Select[UUID]) -> ScalarSelect[UUID]:
    """Return the id of a deployment as a subquery: lists are counted without the tables they are joined with."""
    return deployment.scalar_subquery()


def customers_that(wanted: CustomerFilter) -> Conditions:
    """Return what the customers must fulfil."""
    conditions: Conditions = []
    if wanted.status is not None:
        conditions.append(CustomerRow.status == wanted.status)
    if wanted.email is not None:
        conditions.append(CustomerRow.email_key == func.lower(wanted.email))
    if wanted.erp_customer_number is not None:
        conditions.append(CustomerRow.erp_customer_number == wanted.erp_customer_number)
    if wanted.realm is not None:
        conditions.append(CustomerRow.realm_id == _id_of(select(Realm.id).where(Realm.string_id == wanted.realm)))
    if wanted.remote_realm is not None:
        remote_realm = select(RemoteRealm.id).where(RemoteRealm.uuid == wanted.remote_realm)
        conditions.append(CustomerRow.remote_realm_id == _id_of(remote_realm))
    if wanted.remote_server is not None:
        remote_server = select(RemoteServer.id).where(RemoteServer.uuid == wanted.remote_server)
        conditions.append(CustomerRow.remote_server_id == _id_of(remote_server))
    if wanted.q is not None:
        begin = wanted.q.lower()
        conditions += [CustomerRow.name_key >= begin, CustomerRow.name_key < begin + _AFTER_ALL_LETTERS]
    return conditions
