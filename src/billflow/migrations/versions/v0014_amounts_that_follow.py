"""What a plan renews with is kept while another tier is scheduled; lines that follow a moved end date."""

from billflow.migrations.ddl import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    run_sql("ALTER TABLE customer_plan ADD COLUMN licenses_without_switch bigint")


def downgrade() -> None:
    """Drop them."""
    run_sql("ALTER TABLE customer_plan DROP COLUMN licenses_without_switch")
