"""Plans remember from where on their ledger is read, so that a step costs the same after ten years."""

from billflow.migrations.ddl import run_sql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which each plan's next step fills."""
    run_sql(
        "ALTER TABLE customer_plan ADD COLUMN ledger_from bigint DEFAULT 1 NOT NULL",
        "ALTER TABLE customer_plan ADD COLUMN ledger_from_at timestamptz",
    )


def downgrade() -> None:
    """Take them away."""
    run_sql("ALTER TABLE customer_plan DROP COLUMN ledger_from, DROP COLUMN ledger_from_at")
