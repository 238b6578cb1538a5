"""The one registry of search attributes; they are stored in clear text, so nothing personal goes in."""

from datetime import datetime
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

ORG: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowOrg")
CUSTOMER: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowCustomer")
PLAN_STATUS: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowPlanStatus")
PLAN_TIER: Final[SearchAttributeKey[str]] = SearchAttributeKey.for_keyword("BillflowPlanTier")
NEXT_INVOICE_AT: Final[SearchAttributeKey[datetime]] = SearchAttributeKey.for_datetime("BillflowNextInvoiceAt")
NEEDS_ATTENTION: Final[SearchAttributeKey[bool]] = SearchAttributeKey.for_bool("BillflowNeedsAttention")

REGISTRY: Final = (ORG, CUSTOMER, PLAN_STATUS, PLAN_TIER, NEXT_INVOICE_AT, NEEDS_ATTENTION)

_TYPE_NAMES: Final = {
    SearchAttributeIndexedValueType.KEYWORD: "Keyword",
    SearchAttributeIndexedValueType.DATETIME: "Datetime",
    SearchAttributeIndexedValueType.BOOL: "Bool",
}


def type_names() -> dict[str, str]:
    """Return the registry as names and types in the spelling of Temporal's command line."""
    return {key.name: _TYPE_NAMES[key.indexed_value_type] for key in REGISTRY}


async def ensure(client: Client) -> None:
    """Register what the client's namespace is missing; safe to repeat and to run twice at once.

    A workflow that upserts an unregistered attribute is stuck, so this runs before the first worker does.
    """
    known = await _known(client)
    missing = {key.name: _indexed_type(key) for key in REGISTRY if key.name not in known}
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


def _indexed_type(
    key: SearchAttributeKey[str] | SearchAttributeKey[datetime] | SearchAttributeKey[bool],
) -> IndexedValueType.ValueType:
    return IndexedValueType.ValueType(key.indexed_value_type.value)
