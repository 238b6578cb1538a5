"""The rows of one organization as they were some time ago, put back as a restored backup puts them back."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

_TABLES = """
SELECT c.table_name, array_agg(c.column_name::text) FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
AND EXISTS (
    SELECT FROM information_schema.columns o
    WHERE o.table_schema = 'public' AND o.table_name = c.table_name AND o.column_name = 'org_id'
)
GROUP BY c.table_name
"""


@dataclass(frozen=True)
class OlderCopy:
    """A copy of every row of an organization; `tables` names the tables with the columns that can be written."""

    database_url: str
    org_id: str
    schema: str
    tables: Sequence[tuple[str, list[str]]]

    async def restore(self) -> None:
        """Let the rows be as they were: what was written since is gone, append-only or not."""
        async with await psycopg.AsyncConnection.connect(self.database_url) as connection:
            await connection.execute("SET session_replication_role = replica")
            for table, columns in self.tables:
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                parts = {"table": sql.Identifier(table), "older": sql.Identifier(self.schema, table), "names": names}
                await connection.execute(
                    sql.SQL("DELETE FROM {table} WHERE org_id = %s").format(**parts), (self.org_id,)
                )
                await connection.execute(
                    sql.SQL("INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {older}").format(
                        **parts
                    )
                )


async def copy_of(database_url: str, org_id: str) -> OlderCopy:
    """Copy every row of an organization; *database_url* is that of the superuser."""
    schema = f"older_{org_id.replace('-', '')}"
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        tables = await (await connection.execute(_TABLES)).fetchall()
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        for table, _ in tables:
            copied = sql.SQL("CREATE TABLE {} AS SELECT * FROM {} WHERE org_id = %s").format(
                sql.Identifier(schema, table), sql.Identifier(table)
            )
            await psycopg.AsyncClientCursor(connection).execute(copied, (org_id,))
    return OlderCopy(database_url, org_id, schema, tables)
