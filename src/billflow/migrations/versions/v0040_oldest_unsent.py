"""The role that counts over all organizations sees since when an invoice waits to be sent."""

from billflow.migrations.ddl import run_sql

revision = "0040"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Grant the column."""
    run_sql("GRANT SELECT (created_at) ON invoice TO billflow_watch")


def downgrade() -> None:
    """Take it back."""
    run_sql("REVOKE SELECT (created_at) ON invoice FROM billflow_watch")
