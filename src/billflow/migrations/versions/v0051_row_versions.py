"""What rows were before they were changed, and views of all tables as of a moment."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_files, run_sql

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

VERSIONED = (
    "billing_account",
    "coupon",
    "coupon_redemption",
    "customer",
    "customer_contact",
    "customer_plan",
    "customer_plan_offer",
    "invoice",
    "invoice_line",
    "plan_item",
    "price_change",
    "realm",
    "remote_realm",
    "remote_server",
    "test_clock",
)

DELETED = ("billing_account", "customer_contact")
"""Those of which rows are deleted; the views of the others join former rows to present ones."""


def upgrade() -> None:
    """Keep former rows from now on, and know from when."""
    run_files(revision)
    isolate_tenants("row_version")
    for table in VERSIONED:
        run_sql(
            f"CREATE TRIGGER {table}_versions AFTER UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION billflow_keep_version()"
        )
    run_sql(*(f"REVOKE DELETE ON {table} FROM billflow_app" for table in VERSIONED if table not in DELETED), _SINCE)


def downgrade() -> None:
    """Keep none."""
    run_sql(*(f"GRANT DELETE ON {table} TO billflow_app" for table in VERSIONED if table not in DELETED))
    run_sql(*(f"DROP TRIGGER {table}_versions ON {table}" for table in VERSIONED))
    drop_tables("row_version")
    run_sql("DROP FUNCTION billflow_keep_version(), billflow_versions_since()", _TOUCH)


# Whoever wrote a moment before is done: the triggers waited for them.
_SINCE = """
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION billflow_versions_since() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS %L',
        format('SELECT %L::timestamptz', clock_timestamp()));
END
$$
"""
_TOUCH = """
CREATE OR REPLACE FUNCTION billflow_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$
"""
