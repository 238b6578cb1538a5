"""From what people type to what it names: the organization, and ids by their beginning."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from billflow.cli.session import actor
from billflow.domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ChangeContext, CustomerRef
    from billflow.models.contracts.steps import PlanRef
    from billflow.wiring.store import Store

SHORT = 8
"""How much of an id tables show; it is enough to name the row again."""


_LISTED = frozenset({"plan", "customer", "invoice", "mail"})


async def org_of(store: "Store") -> str:
    """Return the id of the organization that `BILLFLOW_ORG` names, creating it the first time."""
    return await store.repositories.organizations.ensure(store.settings.org)


async def found(store: "Store", noun: str, typed: str) -> str:
    """Return the id that *typed* is, or is the beginning of; raises `NotFound`, or `InvalidInput` for several."""
    if _is_whole(typed):
        return typed
    ids = await store.queries.ids.ids_beginning(await org_of(store), noun, typed.lower())
    return only(noun, typed, ids)


async def plan_ref(store: "Store", typed: str) -> "PlanRef":
    """Return the plan that *typed* names."""
    from billflow.models.contracts.steps import PlanRef

    return PlanRef(org_id=await org_of(store), plan_id=await found(store, "plan", typed))


async def customer_ref(store: "Store", typed: str) -> "CustomerRef":
    """Return the customer that *typed* names."""
    from billflow.models.contracts.customers import CustomerRef

    return CustomerRef(org_id=await org_of(store), customer_id=await found(store, "customer", typed))


def change_here(reason: str | None = None) -> "ChangeContext":
    """Return a change that whoever types makes now."""
    from billflow.models.contracts.customers import ChangeContext

    return ChangeContext(actor=actor(), at=now(), reason=reason)


def only(noun: str, typed: str, ids: Sequence[str]) -> str:
    """Return the one id among *ids*."""
    if not ids:
        hint = f"; `billflow {noun} list` shows them" if noun in _LISTED else ""
        raise NotFound(f"There is no {noun} {typed!r}{hint}.", field=noun)
    if len(ids) > 1:
        raise InvalidInput(
            f"Several begin with {typed!r}: {', '.join(ids)}; type more of the {noun}'s id.",
            code="ambiguous_id",
            field=noun,
        )
    return ids[0]


def short(text_id: str | None) -> str:
    """Return the part of an id that tables show."""
    return text_id[:SHORT] if text_id else "-"


def now() -> datetime:
    """Return the moment at which something is asked for."""
    return datetime.now(UTC)


def _is_whole(typed: str) -> bool:
    try:
        return str(UUID(typed)) == typed.lower()
    except ValueError:
        return False
