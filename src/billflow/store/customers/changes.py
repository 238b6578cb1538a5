"""Updates of rows: what is set is written, what is left out stays, objects are merged."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from billflow.domain.inheritance import merged
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.customer_settings import CustomerSettings, checked_size
from billflow.models.tables.base import Json
from billflow.store.session.rows import as_json


def overwrite(row: Any, update: BaseModel) -> tuple[Json, Json]:
    """Write what *update* sets into the row; return the columns that changed as they were, and as they are now."""
    before: Json = {}
    after: Json = {}
    for name in sorted(update.model_fields_set):
        column = "metadata_" if name == "metadata" else name
        known = getattr(row, column)
        value = _column_value(known, getattr(update, name))
        if known != value:
            before[name], after[name] = known, value
            setattr(row, column, value)
    return as_json(before), as_json(after)


def address_column(address: Address | None) -> Json | None:
    """Return an address as its column holds it."""
    return None if address is None else address.model_dump(mode="json", exclude_none=True)


def _column_value(known: Any, value: Any) -> Any:
    if isinstance(value, Address):
        return address_column(value)
    if isinstance(value, CustomerSettings):
        value = value.given()
    if isinstance(value, dict):
        return checked_size(merged(known, value))
    return UUID(value) if isinstance(known, UUID) else value
