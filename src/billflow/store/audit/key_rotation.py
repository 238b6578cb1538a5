"""Rotation of the encryption key: what an older key encrypted, or none, is encrypted by the current one."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, and_, bindparam, or_, select, tuple_, update

from billflow.domain.errors import Refused
from billflow.models.tables import Base, Org, RowVersion
from billflow.models.tables.sealed import Sealed, bound
from billflow.models.tables.versions import VERSIONED
from billflow.store.audit.former_rows import opened_content, sealed_content
from billflow.store.session.database import Repository
from billflow.store.session.monitoring import org_ids

_AT_ONCE = 500

Columns = tuple["Column[Any]", ...]


class KeyRotation(Repository):
    """The rows of all organizations, some hundred per transaction; stopped and run again it does them again."""

    async def run(self) -> int:
        """Encrypt every row again and return how many there were; raises `Refused` without a key."""
        if self.database.keyring is None:
            raise Refused("There is no encryption key; set BILLFLOW_ENCRYPTION_KEYS.", code="no_encryption_key")
        orgs = await org_ids(self.database, select(Org.id).order_by(Org.id))
        rows = sum([await self._table(org, *found) for org in orgs for found in sealed_columns()])
        return rows + sum([await self._former_rows(org) for org in orgs])

    async def _former_rows(self, org_id: str) -> int:
        """Encrypt what rows were before."""
        row, done, last = RowVersion, 0, None
        query = select(row).where(row.table_name.in_(_versioned())).order_by(row.row_id, row.until).limit(_AT_ONCE)
        while True:
            async with self.database.unit_of_work(org_id) as session:
                part = query.where(tuple_(row.row_id, row.until) > tuple_(*last)) if last else query
                found, dialect = (await session.scalars(part)).all(), session.get_bind().dialect
                for one in found:
                    one.content = sealed_content(one, opened_content(one, dialect), dialect)
            if not found:
                return done
            done, last = done + len(found), (found[-1].row_id, found[-1].until)

    async def _table(self, org_id: str, table: Table, columns: Columns) -> int:
        keys: Columns = tuple(table.primary_key.columns)
        sealed = or_(*(column.is_not(None) for column in columns))
        query = select(*keys, *columns).where(sealed).order_by(*keys).limit(_AT_ONCE).with_for_update()
        rewrite, done, last = _rewrite(table, keys, columns), 0, None
        while True:
            async with self.database.unit_of_work(org_id) as session:
                rows = (await session.execute(query.where(tuple_(*keys) > tuple_(*last)) if last else query)).all()
                if not rows:
                    return done
                values = [_values(org_id, keys, columns, row) for row in rows]
                await (await session.connection()).execute(rewrite, values)
            done, last = done + len(rows), rows[-1][: len(keys)]


def _rewrite(table: Table, keys: Columns, columns: Columns) -> Any:
    places = [bindparam(f"v{n}", type_=column.type) for n, column in enumerate((*keys, *columns))]
    mine = and_(*(key == place for key, place in zip(keys, places, strict=False)))
    new = {column.name: place for column, place in zip(columns, places[len(keys) :], strict=True)}
    return update(table).where(mine).values(new)


def _values(org_id: str, keys: Columns, columns: Columns, row: Any) -> dict[str, Any]:
    """Return a row's values by their places, each encrypted one bound to its row."""
    named = dict(zip((key.name for key in keys), row, strict=False))
    values = {f"v{n}": value for n, value in enumerate(row)}
    for place, column in enumerate(columns, len(keys)):
        if row[place] is not None and isinstance(column.type, Sealed):
            values[f"v{place}"] = bound(row[place], org_id, named[column.type.row])
    return values


def _versioned() -> list[str]:
    """Return the tables with encrypted columns of which former rows are kept."""
    return [table.name for table, _ in sealed_columns() if table.name in VERSIONED]


def sealed_columns() -> Iterator[tuple[Table, Columns]]:
    """Yield every table that has encrypted columns, with these."""
    for table in Base.metadata.sorted_tables:
        columns = tuple(column for column in table.columns if isinstance(column.type, Sealed))
        if columns:
            yield table, columns
