"""A customer's mails are found without reading those of all others."""

from billflow.migrations.ddl import run_sql

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    run_sql("CREATE INDEX ix_mail_customer_id_created_at ON mail (customer_id, created_at, id)")


def downgrade() -> None:
    """Take it away."""
    run_sql("DROP INDEX ix_mail_customer_id_created_at")
