"""Customers ask to be sponsored, and are taken in part by part."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0005"
down_revision = "0004"

TABLES = ("sponsorship_request", "onboarding")


def upgrade() -> None:
    """Create both tables."""
    run_files(revision)
    touched(*TABLES)
    isolate_tenants(*TABLES)


def downgrade() -> None:
    """Drop them."""
    drop_tables(*TABLES)
    run_sql("DROP INDEX ix_project_billing_account_id")
