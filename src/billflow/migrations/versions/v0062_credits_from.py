"""Billing accounts remember from where on credits may have to be posted, so that collecting costs the same later on."""

from billflow.migrations.ddl import run_sql

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which the next credit that is posted moves, and the index that is read from there on."""
    run_sql(
        "ALTER TABLE billing_account ADD COLUMN credits_from timestamptz DEFAULT '2000-01-01 00:00:00+00' NOT NULL",
        "CREATE INDEX ix_credit_to_post ON credit (customer_id, created_at) WHERE invoice_id IS NULL",
    )


def downgrade() -> None:
    """Take them away."""
    run_sql("DROP INDEX ix_credit_to_post", "ALTER TABLE billing_account DROP COLUMN credits_from")
