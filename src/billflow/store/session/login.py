"""The login of the running processes: it takes on the application's roles and has no right of its own."""

from sqlalchemy import text

from billflow.store.session.database import Database

_RIGHTS = text("""
    SELECT r.rolsuper AS "is a superuser", r.rolbypassrls AS "bypasses row-level security",
        r.rolcreaterole AS "may create roles", r.rolcreatedb AS "may create databases",
        r.rolreplication AS "may replicate",
        has_schema_privilege(r.oid, current_schema(), 'CREATE') AS "may create tables",
        EXISTS (
            SELECT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
            AND pg_has_role(r.oid, c.relowner, 'MEMBER')
        ) AS "owns our tables"
    FROM pg_roles r WHERE r.rolname = session_user
""")


async def excess_rights(database: Database) -> tuple[str, ...]:
    """Return what the login may do that no running process needs, in words; empty where it is as it should be."""
    async with database.engine.connect() as connection:
        rights = (await connection.execute(_RIGHTS)).mappings().one()
    return tuple(right for right, is_there in rights.items() if is_there)
