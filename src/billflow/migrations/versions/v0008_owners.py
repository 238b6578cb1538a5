"""Events of Stripe's that carry no mark of ours find their organization by the objects they name."""

from billflow.migrations.ddl import run_files, run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Let the watch look at two more columns."""
    run_files(revision)


def downgrade() -> None:
    """Take them back."""
    run_sql(
        "DROP POLICY watch ON billing_account",
        "REVOKE SELECT (org_id, stripe_customer_id) ON billing_account FROM billflow_watch",
        "REVOKE SELECT (stripe_invoice_id) ON invoice FROM billflow_watch",
    )
