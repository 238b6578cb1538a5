"""Encrypting again by the current key everything that an older one encrypted, or none did."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Table, bindparam, or_, select, update

from billflow.domain.errors import Refused
from billflow.models.tables import Base, Org
from billflow.models.tables.sealed import SealedJson, SealedText
from billflow.store.engine import Database

WATCH = "billflow_watch"
_AT_ONCE = 500


@dataclass(frozen=True)
class Rotation:
    """The rows of all organizations, some hundred per transaction; stopped and run again it does the rest."""

    database: Database

    async def run(self) -> int:
        """Encrypt every row again and return how many there were; raises `Refused` without a key."""
        if self.database.keyring is None:
            raise Refused("There is no encryption key; set BILLFLOW_ENCRYPTION_KEYS.", code="no_encryption_key")
        async with self.database.transaction(WATCH) as session:
            orgs = (await session.scalars(select(Org.id).order_by(Org.id))).all()
        return sum([await self._table(str(org), *found) for org in orgs for found in sealed_columns()])

    async def _table(self, org_id: str, table: Table, columns: tuple["Column[object]", ...]) -> int:
        key, done, last = table.c.id, 0, None
        query = select(key, *columns).where(or_(*(column.is_not(None) for column in columns)))
        new = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in columns}
        rewrite = update(table).where(key == bindparam("row_id")).values(new)
        while True:
            part = query.order_by(key).limit(_AT_ONCE).with_for_update()
            async with self.database.unit_of_work(org_id) as session:
                rows = (await session.execute(part.where(key > last) if last else part)).all()
                if not rows:
                    return done
                values = [{f"new_{column.name}": row[n] for n, column in enumerate(columns, 1)} for row in rows]
                found = [{"row_id": row[0], **held} for row, held in zip(rows, values, strict=True)]
                await (await session.connection()).execute(rewrite, found)
            done, last = done + len(rows), rows[-1][0]


def sealed_columns() -> Iterator[tuple[Table, tuple["Column[object]", ...]]]:
    """Yield every table that has encrypted columns, with these."""
    for table in Base.metadata.sorted_tables:
        columns = tuple(column for column in table.columns if isinstance(column.type, SealedText | SealedJson))
        if columns:
            yield table, columns
