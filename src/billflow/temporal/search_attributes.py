"""The one registry of search attributes, and their values; stored in clear text, so nothing personal goes in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from billflow.domain.reconciliation import PlanStanding
from billflow.models.contracts.plans import PlanState

ORG: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowOrg")
CUSTOMER: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowCustomer")
PLAN: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowPlan")
INVOICE: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowInvoice")
PLAN_STATUS: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowPlanStatus")
PLAN_TIER: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowPlanTier")
NEXT_INVOICE_AT: Final[SearchAttributeKey[datetime]] = SearchAttributeKey.for_datetime("BillflowNextInvoiceAt")
NEEDS_ATTENTION: Final[SearchAttributeKey[bool]] = SearchAttributeKey.for_bool("BillflowNeedsAttention")
PLAN_VERSION: Final[SearchAttributeKey[int]] = SearchAttributeKey.for_int("BillflowPlanVersion")

REGISTRY: Final = (
    ORG,
    CUSTOMER,
    PLAN,
    INVOICE,
    PLAN_STATUS,
    PLAN_TIER,
    NEXT_INVOICE_AT,
    NEEDS_ATTENTION,
    PLAN_VERSION,
)


def subject(
    org_id: str, *, customer_id: str | None = None, plan_id: str | None = None, invoice_id: str | None = None
) -> TypedSearchAttributes:
    """Return the search attributes that say what a workflow is about; what is None it is not about."""
    values = {ORG: org_id, CUSTOMER: customer_id, PLAN: plan_id, INVOICE: invoice_id}
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values.items() if value])


def attributes_of(state: PlanState) -> TypedSearchAttributes:
    """Return every search attribute of a plan, for starting its workflow, whose id names the plan."""
    pairs: list[SearchAttributePair[Any]] = [
        *subject(state.org_id, customer_id=state.customer_id),
        SearchAttributePair(PLAN_STATUS, state.status.value),
        SearchAttributePair(PLAN_TIER, state.tier),
        SearchAttributePair(NEEDS_ATTENTION, state.attention is not None),
        SearchAttributePair(PLAN_VERSION, state.version),
    ]
    if state.due_at:
        pairs.append(SearchAttributePair(NEXT_INVOICE_AT, state.due_at))
    return TypedSearchAttributes(pairs)


def attribute_changes(known: TypedSearchAttributes, state: PlanState) -> Sequence[SearchAttributeUpdate[Any]]:
    """Return only what has changed: each upsert is an event in history.

    A run that began before the version was shown goes on without it, so that its history replays.
    """
    left = PLAN_VERSION if known.get(PLAN_VERSION) is None else None
    pairs = (pair for pair in attributes_of(state) if pair.key != left)
    changes: list[SearchAttributeUpdate[Any]] = [
        pair.key.value_set(pair.value) for pair in pairs if known.get(pair.key) != pair.value
    ]
    if state.due_at is None and known.get(NEXT_INVOICE_AT) is not None:
        changes.append(NEXT_INVOICE_AT.value_unset())
    return changes


def standing_of(known: TypedSearchAttributes) -> PlanStanding:
    """Return where a plan stands by the search attributes of its workflow."""
    return PlanStanding(
        status=known.get(PLAN_STATUS) or "", due_at=known.get(NEXT_INVOICE_AT), version=known.get(PLAN_VERSION)
    )


def type_names() -> dict[str, str]:
    """Return the registry as names and types in the spelling of Temporal's command line."""
    return {key.name: key.indexed_value_type.name.capitalize() for key in REGISTRY}


async def ensure(client: Client) -> None:
    """Register what the client's namespace is missing; safe to repeat and to run twice at once.

    A workflow that upserts an unregistered attribute is stuck, so this runs before the first worker does.
    """
    known = await _known(client)
    types = {key.name: IndexedValueType.ValueType(key.indexed_value_type.value) for key in REGISTRY}
    missing = {name: indexed for name, indexed in types.items() if name not in known}
    if not missing:
        return
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _known(client: Client) -> frozenset[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        answer = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        # The time-skipping test server can add attributes, but not list them.
        if error.status is RPCStatusCode.UNIMPLEMENTED:
            return frozenset()
        raise
    return frozenset(answer.custom_attributes)
