"""Endpoints change their secret with an overlap, and remember since when nothing arrives."""

from billflow.migrations.ddl import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make room for the secret before and its end, and for the first of the failures."""
    run_sql(
        "ALTER TABLE webhook_endpoint ADD COLUMN old_secret text, ADD COLUMN old_secret_until timestamptz,"
        " ADD COLUMN failing_since timestamptz",
    )


def downgrade() -> None:
    """Forget them."""
    run_sql(
        "ALTER TABLE webhook_endpoint DROP COLUMN old_secret, DROP COLUMN old_secret_until, DROP COLUMN failing_since"
    )
