"""The application adds no links to the audit chain, and only who takes on the role of monitoring sees all rows."""

from billflow.migrations.ddl import run_files, run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WATCHED = ("customer_plan", "invoice", "webhook_event", "billing_account")


def upgrade() -> None:
    """Take rights away that nobody needs."""
    run_files(revision)


def downgrade() -> None:
    """Give them back."""
    run_sql(
        "ALTER FUNCTION billflow_chain_audit() SECURITY INVOKER RESET search_path",
        "GRANT EXECUTE ON FUNCTION billflow_chain_entry(uuid), billflow_chain_audit() TO PUBLIC",
        "GRANT INSERT, UPDATE, DELETE ON audit_chain TO billflow_app",
        *(f"ALTER POLICY watch ON {table} USING (true)" for table in WATCHED),
    )
