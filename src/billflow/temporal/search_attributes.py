"""The one registry of search attributes, and their values; stored in clear text, so nothing personal goes in."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from billflow.domain.reconciliation import PlanStanding
from billflow.errors import CommandFailed
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

_REFUSALS: Final = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.UNAUTHENTICATED)


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
    values = {pair.key: pair.value for pair in known}
    pairs = (pair for pair in attributes_of(state) if pair.key != PLAN_VERSION or pair.key in values)
    changes: list[SearchAttributeUpdate[Any]] = [
        pair.key.value_set(pair.value) for pair in pairs if values.get(pair.key) != pair.value
    ]
    if state.due_at is None and NEXT_INVOICE_AT in values:
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


class SearchAttributesMissing(CommandFailed):
    """The namespace lacks search attributes, and does not let billflow add them, as in Temporal Cloud.

    Add those that the message names as it says, then repeat the command; docs/temporal-cloud.md has more.
    """

    code = "search_attributes_missing"


async def ensure(client: Client) -> None:
    """Register what the client's namespace is missing; safe to repeat and to run twice at once.

    A workflow that upserts an unregistered attribute is stuck, so this runs before the first worker does. Raises
    `SearchAttributesMissing` where the namespace lacks some and refuses to have them added.
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
        if error.status in _REFUSALS:
            raise SearchAttributesMissing(_to_add(client.namespace, missing, error.message)) from error
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
        if error.status is RPCStatusCode.PERMISSION_DENIED:
            return await _known_to_queries(client)
        raise
    return frozenset(answer.custom_attributes)


async def _known_to_queries(client: Client) -> frozenset[str]:
    """Return what may be asked for, for a login that may not see the list."""
    names = [key.name for key in REGISTRY]
    found = await asyncio.gather(*(_is_known(client, name) for name in names))
    return frozenset(name for name, is_known in zip(names, found, strict=True) if is_known)


async def _is_known(client: Client, name: str) -> bool:
    try:
        await client.count_workflows(f"{name} IS NULL")
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True


def _to_add(namespace: str, missing: Mapping[str, object], reason: str) -> str:
    names = " ".join(f"--search-attribute {name}={type_names()[name]}" for name in missing)
    return (
        f"Temporal's namespace {namespace} lacks search attributes and does not let billflow add them "
        f"({reason.rstrip('.')}); in Temporal Cloud, add them by `tcld namespace search-attributes add --namespace "
        f"{namespace} {names}`, then repeat this command."
    )
