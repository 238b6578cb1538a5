"""Since when a card is on file, for trials that wait for one."""

from billflow.migrations.ddl import run_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a card that is known already came at the account's newest change at the latest."""
    run_sql(
        "ALTER TABLE billing_account ADD COLUMN card_since timestamptz",
        "ALTER TABLE billing_account NO FORCE ROW LEVEL SECURITY",
        "UPDATE billing_account SET card_since = updated_at WHERE stripe_payment_method_id IS NOT NULL",
        "ALTER TABLE billing_account FORCE ROW LEVEL SECURITY",
    )


def downgrade() -> None:
    """Drop it."""
    run_sql("ALTER TABLE billing_account DROP COLUMN card_since")
