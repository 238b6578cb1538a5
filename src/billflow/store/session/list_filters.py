"""What lists of plans, invoices and customers are filtered by: conditions that are the same whatever the values.

So each combination of filters is compiled once. Only comparisons that an index serves under row-level security.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, func, or_, select

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
from billflow.store.session.filters import AFTER_ALL_LETTERS
from billflow.store.session.rows import as_id
from billflow.store.session.sent_directly import one_of

TERM_LENGTH = 16
"""Letters of a text that search terms are compared by."""

Selected = TypeVar("Selected", bound=Select[Any])

Condition = ColumnElement[bool] | Mapping[bool, ColumnElement[bool]]
"""What a field of a filter demands: a condition that takes its value, or one each for yes and no."""


@dataclass(frozen=True)
class ListFilter:
    """Conditions, and the values of their parameters by name."""

    conditions: tuple[ColumnElement[bool], ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)

    def of(self, query: Selected) -> Selected:
        """Return a query of those of its rows that fulfil them, with their values."""
        return query.where(*self.conditions).params(self.values)

    def __add__(self, other: "ListFilter") -> "ListFilter":
        """Return both filters as one."""
        return ListFilter((*self.conditions, *other.conditions), {**self.values, **other.values})


def plans_that(wanted: PlanFilter) -> ListFilter:
    """Return what the plans must fulfil; raises `NotFound` for the text of an id that can't be one."""
    return _filter(wanted, _PLANS)


def invoices_that(wanted: InvoiceFilter) -> ListFilter:
    """Return what the invoices must fulfil; raises as `plans_that`."""
    return _filter(wanted, _INVOICES)


def customers_that(wanted: CustomerFilter) -> ListFilter:
    """Return what the customers must fulfil."""
    found = _filter(wanted, _CUSTOMERS)
    return found if wanted.q is None else found + named_like(wanted.q)


def named(text: str) -> ListFilter:
    """Return that a customer's whole name or e-mail address is *text*, in capitals or not."""
    return named_like(text) + ListFilter((_IS_WHOLE,), {"whole": text.lower()})


def named_like(text: str) -> ListFilter:
    """Return that a customer's name or e-mail address holds *text* somewhere, in capitals or not."""
    conditions = (_HAS_TERM, _HAS_PART) if len(text.strip()) > TERM_LENGTH else (_HAS_TERM,)
    return ListFilter(conditions, terms_of(text) | _part(text))


def holding(text: str) -> ListFilter:
    """Return the same, which is found out by looking at each customer's name and e-mail address."""
    return ListFilter((_HAS_PART,), _part(text))


def terms_of(text: str) -> dict[str, str]:
    """Return the values of `IS_TERM` by which the search terms of *text* are found."""
    begin = text.lower().strip()[:TERM_LENGTH]
    return {"begin": begin, "end": begin + AFTER_ALL_LETTERS}


def _part(text: str) -> dict[str, str]:
    return {"part": text.lower().strip()}


def _filter(wanted: BaseModel, known: Mapping[str, Condition]) -> ListFilter:
    given = {name: value for name in known if (value := getattr(wanted, name)) is not None}
    values = {name: _READ[name](value) if name in _READ else value for name, value in given.items()}
    return ListFilter(tuple(_conditions(given, known)), values)


def _conditions(given: Mapping[str, Any], known: Mapping[str, Condition]) -> Iterator[ColumnElement[bool]]:
    for name, value in given.items():
        condition = known[name]
        yield condition[value] if isinstance(condition, Mapping) else condition


def _given(name: str, column: Any) -> ColumnElement[Any]:
    return bindparam(name, type_=column.type)


def _equal(**columns: Any) -> dict[str, Condition]:
    return {name: column == _given(name, column) for name, column in columns.items()}


def _within(name: str, column: Any) -> dict[str, Condition]:
    since, until = f"{name}_since", f"{name}_until"
    return {since: column >= _given(since, column), until: column < _given(until, column)}


def _whether(condition: ColumnElement[bool]) -> Condition:
    return {True: condition, False: ~condition}


def _run_on(name: str, key: Any, table: Any, column: Any) -> dict[str, Condition]:
    # A subquery, since lists are counted without the tables they are joined with.
    return {name: key == select(table.id).where(column == _given(name, column)).scalar_subquery()}


_READ: Mapping[str, Callable[[Any], object]] = {
    "customer_id": partial(as_id, noun="customer"),
    "plan_id": partial(as_id, noun="plan"),
    "test_clock_id": partial(as_id, noun="test clock"),
    "number": str.lower,
}
"""What a field's value is in the conditions, where it is not the value itself."""

_OVER = or_(
    CustomerPlan.parallel_run_since.is_(None), CustomerPlan.cutover_status.is_not_distinct_from(CutoverStatus.DONE)
)
_NEXT = CustomerPlan.next_invoice_date
_PLANS: Mapping[str, Condition] = {
    **_equal(customer_id=CustomerPlan.customer_id, test_clock_id=CustomerPlan.test_clock_id),
    **_equal(status=CustomerPlan.status, tier=CustomerPlan.tier, currency=CustomerPlan.currency),
    **_equal(attention=CustomerPlan.attention_code),
    "needs_attention": _whether(CustomerPlan.attention_code.is_not(None)),
    "live": _whether(one_of(CustomerPlan.status, [status for status in PlanStatus if status.is_live])),
    "next_invoice_before": _given("next_invoice_before", _NEXT) > _NEXT,
    "parallel_run": _whether(~_OVER),
}
_INVOICES: Mapping[str, Condition] = {
    **_equal(customer_id=InvoiceRow.customer_id, plan_id=InvoiceRow.plan_id, status=InvoiceRow.status),
    **_equal(currency=InvoiceRow.currency, number=InvoiceRow.number_key),
    "next_action": and_(
        InvoiceRow.next_action == _given("next_action", InvoiceRow.next_action),
        InvoiceRow.next_attempt_at.is_not(None),
    ),
    "unpaid": _whether(one_of(InvoiceRow.status, UNPAID)),
    **_within("issued", InvoiceRow.issued_at),
    **_within("due", InvoiceRow.due_at),
    **_within("paid", InvoiceRow.paid_at),
}
_CUSTOMERS: Mapping[str, Condition] = {
    **_equal(status=CustomerRow.status, erp_customer_number=CustomerRow.erp_customer_number),
    "email": CustomerRow.email_key == func.lower(bindparam("email", type_=Text())),
    **_run_on("realm", CustomerRow.realm_id, Realm, Realm.string_id),
    **_run_on("remote_realm", CustomerRow.remote_realm_id, RemoteRealm, RemoteRealm.uuid),
    **_run_on("remote_server", CustomerRow.remote_server_id, RemoteServer, RemoteServer.uuid),
}
_BEGIN, _END, _PART = (bindparam(name, type_=Text()) for name in ("begin", "end", "part"))
IS_TERM = and_(CustomerSearchTerm.term >= _BEGIN, CustomerSearchTerm.term < _END)
"""That a search term begins as a text does."""

_HAS_TERM = CustomerRow.id.in_(select(CustomerSearchTerm.customer_id).where(IS_TERM))
_WHOLE = bindparam("whole", type_=Text())
_IS_WHOLE = or_(CustomerRow.name_key == _WHOLE, CustomerRow.email_key == _WHOLE)
_HAS_PART = or_(*(func.strpos(key, _PART) > 0 for key in (CustomerRow.name_key, CustomerRow.email_key)))
