"""The books: every table, its walls, and what may never change."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0001"
down_revision = None

CHANGING = (
    "org",
    "realm",
    "remote_server",
    "remote_realm",
    "customer",
    "customer_contact",
    "billing_account",
    "project",
    "channel",
    "test_clock",
    "customer_plan_offer",
    "customer_plan",
    "invoice",
)
APPEND_ONLY = (
    "license_ledger",
    "ledger_settlement",
    "seat_observation",
    "invoice_line",
    "payment_attempt",
    "credit",
    "step",
    "audit_log",
    "outbox_event",
)
OTHERS = ("webhook_event",)


def upgrade() -> None:
    """Create everything."""
    run_files(revision)
    touched(*CHANGING)
    append_only(*APPEND_ONLY)
    isolate_tenants("org", column="id")
    isolate_tenants(*CHANGING[1:], *APPEND_ONLY, *OTHERS)


def downgrade() -> None:
    """Drop everything but the role, which other databases of the server may use."""
    drop_tables(*OTHERS, *reversed(APPEND_ONLY), *reversed(CHANGING))
    run_sql("DROP FUNCTION billflow_touch()", "DROP FUNCTION billflow_refuse_change()")
    run_sql("DO $$ BEGIN EXECUTE format('REVOKE ALL ON SCHEMA %I FROM billflow_app', current_schema()); END $$")
