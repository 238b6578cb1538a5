"""Callers of the API: keys, what writes were answered, and the role that watches over all organizations."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0003"
down_revision = "0002"

TABLES = ("api_key", "idempotency_key")
WATCHED = ("customer_plan", "invoice", "webhook_event")


def upgrade() -> None:
    """Create both tables, and let the watch look at what waits."""
    run_files(revision)
    touched("api_key")
    isolate_tenants(*TABLES)


def downgrade() -> None:
    """Drop everything but the role, which other databases of the server may use."""
    drop_tables(*reversed(TABLES))
    run_sql(*(f"DROP POLICY watch ON {table}" for table in WATCHED))
    run_sql(*(f"REVOKE ALL ON {table} FROM billflow_watch" for table in WATCHED))
    run_sql("DO $$ BEGIN EXECUTE format('REVOKE ALL ON SCHEMA %I FROM billflow_watch', current_schema()); END $$")
