"""From what people type to what it names: the organization, and what has an id, a name or a number."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID

import typer

from billflow.cli.fields import Typed, parameter
from billflow.cli.params import After, Limit
from billflow.cli.session import Api, Store, actor
from billflow.domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ChangeContext

SHORT = 8
"""How much of an id tables show; it is enough to name the row again."""


_LISTED = frozenset({"plan", "customer", "invoice", "mail"})
_NAMES = {
    "customer": ("name", "e-mail address"),
    "invoice": ("number",),
    "credit note": ("number",),
    "refund": ("number",),
}
"""By what things are named beside their ids."""


def id_of(noun: str) -> Typed:
    """Return the mark of a parameter that names such a thing, and is given its id."""
    return Typed(lambda here, typed: found(here, noun, typed))


def found(here: Api | Store, noun: str, typed: str) -> Any:
    """Return the id that *typed* is, begins or names, or of the store what to await for it.

    Raises `NotFound`, or `InvalidInput` for several.
    """
    if hasattr(here, "queries"):
        return _stored(cast("Store", here), noun, typed)
    return (
        typed if _is_whole(typed) else only(noun, typed, here.get("/ids", kind=noun.replace(" ", "_"), name=typed).ids)
    )


async def _stored(store: Store, noun: str, typed: str) -> str:
    if _is_whole(typed):
        return typed
    return only(noun, typed, await store.queries.ids.ids_of(await org_of(store), noun, typed))


async def org_of(store: Store) -> str:
    """Return the id of the organization that `BILLFLOW_ORG` names, creating it the first time."""
    return await store.repositories.organizations.ensure(store.settings.org)


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
        names = " or ".join(("id", *_NAMES.get(noun, ())))
        raise InvalidInput(
            f"Several fit {typed!r}: {', '.join(ids)}; type more of the {noun}'s {names}.",
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


async def time_of(store: Store, clock_id: str | None) -> datetime:
    """Return where a test clock stands, or now without one."""
    if clock_id is None:
        return now()
    return (await store.repositories.test_clocks.get(await org_of(store), clock_id)).now_at


def _is_whole(typed: str) -> bool:
    try:
        return str(UUID(typed)) == typed.lower()
    except ValueError:
        return False


def begun(noun: str, article: str = "A") -> Any:
    """Return the argument by which a thing is named: its id, or enough of its beginning."""
    named = "".join(f", or its {name}" for name in _NAMES.get(noun, ()))
    return typer.Argument(
        metavar=noun.rpartition(" ")[2].upper(), help=f"{article} {noun}'s id, or enough of its beginning{named}."
    )


PlanHere = Annotated[str, id_of("plan"), begun("plan")]
CustomerHere = Annotated[str, id_of("customer"), begun("customer")]
InvoiceHere = Annotated[str, id_of("invoice"), begun("invoice", "An")]
CustomerOption = Annotated[
    str | None, id_of("customer"), typer.Option(help="A customer's id, or enough of its beginning, or its name.")
]
PlanOption = Annotated[str | None, id_of("plan"), typer.Option(help="A plan's id, or enough of its beginning.")]
ClockOption = Annotated[
    str | None, id_of("test clock"), typer.Option("--test-clock", help="The test clock the plan is attached to.")
]
PagingHere = Annotated[
    dict[str, Any],
    Typed(lambda _, typed: typed, [parameter("limit", Limit, 50), parameter("after", After, None)]),
]
"""Which part of a list to show."""
