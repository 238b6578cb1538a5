"""What revisions say to PostgreSQL beyond plain tables: tenant isolation, append-only tables, touched rows."""

from importlib.resources import files

from alembic import op

_MINE = "nullif(current_setting('billflow.org_id', true), '')::uuid"


def run_sql(*statements: str) -> None:
    """Run each text as it stands; one may hold several statements."""
    for statement in statements:
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})


def run_files(revision: str) -> None:
    """Run the files of *revision* in the order of their names."""
    folder = files("billflow.migrations").joinpath("sql", revision)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        run_sql(file.read_text(encoding="utf-8"))


def isolate_tenants(*tables: str, column: str = "org_id") -> None:
    """Let each transaction see and write only rows of the organization it is for, its owner included."""
    for table in tables:
        run_sql(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY tenant ON {table} USING ({column} = {_MINE}) WITH CHECK ({column} = {_MINE})",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO billflow_app",
        )


def append_only(*tables: str) -> None:
    """Refuse to change or remove rows of *tables*, whoever asks."""
    for table in tables:
        run_sql(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_change()"
        )


def touched(*tables: str) -> None:
    """Keep `updated_at` of *tables*."""
    for table in tables:
        run_sql(
            f"CREATE TRIGGER {table}_touched BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION billflow_touch()"
        )


def drop_tables(*tables: str) -> None:
    """Drop *tables* with everything that hangs on them."""
    run_sql(*(f"DROP TABLE {table} CASCADE" for table in tables))


def rename_value(table: str, column: str, constraint: str, values: str, *, names: tuple[str, str]) -> None:
    """Rename one value in the rows of every organization, which the owner does not see otherwise.

    *values* are what the constraint allows, `{}` standing for the one renamed; *names* are its old and new name.
    """
    before, after = names
    run_sql(
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint}",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"UPDATE {table} SET {column} = '{after}' WHERE {column} = '{before}'",  # noqa: S608  (names of ours)
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    )
    allow_values(table, column, constraint, values.format(after))


def allow_values(table: str, column: str, constraint: str, values: str) -> None:
    """Let a column hold no other than these values."""
    allowed = ", ".join(f"'{value}'" for value in values.split())
    run_sql(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IN ({allowed}))")


def rename_table(old: str, new: str) -> None:
    """Rename a table with its constraints, indexes and triggers, whose names hold that of the table."""
    run_sql(f"ALTER TABLE {old} RENAME TO {new}", _RENAME.format(old=old, new=new))


_RENAME = """
DO $$
DECLARE change text;
BEGIN
    FOR change IN
        SELECT format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', conrelid::regclass, conname, renamed)
        FROM pg_constraint, LATERAL (SELECT replace(conname, '{old}', '{new}') AS renamed) AS names
        WHERE conname LIKE '%{old}%' AND conrelid <> 0 AND conparentid = 0
    LOOP EXECUTE change; END LOOP;
    FOR change IN
        SELECT format('ALTER INDEX %I RENAME TO %I', relname, replace(relname, '{old}', '{new}'))
        FROM pg_class WHERE relkind = 'i' AND relname LIKE '%{old}%'
    LOOP EXECUTE change; END LOOP;
    FOR change IN
        SELECT format('ALTER TRIGGER %I ON %s RENAME TO %I', tgname, tgrelid::regclass, renamed)
        FROM pg_trigger, LATERAL (SELECT replace(tgname, '{old}', '{new}') AS renamed) AS names
        WHERE NOT tgisinternal AND tgname LIKE '%{old}%'
    LOOP EXECUTE change; END LOOP;
END $$
"""
