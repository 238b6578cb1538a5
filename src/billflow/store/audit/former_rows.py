"""Personal data and encrypted values in what rows were before: erased, opened and encrypted anew as in rows of now."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.errors import InternalError
from billflow.models.tables import Base, CustomerContact, RowVersion
from billflow.models.tables.base import Json
from billflow.models.tables.sealed import SealedJson, bound

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "billing_account": ("name", "invoice_email"),
    "coupon_redemption": ("reason",),
    "customer": (
        "name",
        "name_key",
        "email",
        "email_key",
        "settings",
        "billing_address",
        "shipping_address",
        "erp_customer_number",
        "metadata",
    ),
    "invoice": ("buyer", "out_of_band_reference"),
    "opening_invoice": ("external_id", "number"),
    "realm": ("name", "string_id"),
    "remote_realm": ("name", "host"),
    "remote_server": ("hostname", "contact_email"),
}
"""The columns that erasure replaces, by table."""

_AS_IS_NOW = """
UPDATE row_version version SET content = version.content || coalesce((
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(present))
    WHERE key = ANY (:columns) AND jsonb_typeof(version.content -> key) <> 'null'), '{{}}')
FROM {table} present
WHERE version.table_name = '{table}' AND version.row_id = present.id
    AND (version.customer_id = :customer OR version.row_id = ANY (:deployments))
"""


async def erase_former_rows(session: AsyncSession, customer_id: UUID, deployments: Collection[UUID]) -> None:
    """Make the personal data of a customer in its former rows what it is in the present ones, which are erased."""
    await session.flush()
    ids = {"customer": customer_id, "deployments": list(deployments)}
    for table, columns in PERSONAL.items():
        await session.execute(text(_AS_IS_NOW.format(table=table)), {**ids, "columns": list(columns)})
    gone = RowVersion.customer_id == customer_id, RowVersion.table_name == CustomerContact.__tablename__
    await session.execute(delete(RowVersion).where(*gone))


def opened_content(version: RowVersion, dialect: Dialect) -> Json:
    """Return a former row with its encrypted values decrypted; raises `CannotDecrypt`."""
    prefix = f"{version.org_id}/{version.row_id}\n"
    types = _sealed(version.table_name)
    return version.content | {
        name: kind.process_result_value([prefix, version.content[name]], dialect)
        for name, kind in types.items()
        if version.content.get(name) is not None
    }


def sealed_content(version: RowVersion, opened: Json, dialect: Dialect) -> Json:
    """Return a former row that is open with those values encrypted by the current key."""
    return opened | {
        name: kind.process_bind_param(bound(opened[name], version.org_id, version.row_id), dialect)
        for name, kind in _sealed(version.table_name).items()
        if opened.get(name) is not None
    }


def _sealed(table: str) -> dict[str, SealedJson]:
    """Return the types of a table's encrypted columns; raises `InternalError` for one that is no JSON."""
    kinds: dict[str, Any] = {column.name: column.type for column in Base.metadata.tables[table].columns}
    sealed = {name: kind for name, kind in kinds.items() if hasattr(kind, "purpose")}
    if not all(isinstance(kind, SealedJson) for kind in sealed.values()):
        raise InternalError(f"Former records of {table} can't be decrypted.")
    return sealed
