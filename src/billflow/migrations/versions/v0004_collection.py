"""Collection by policy, mails, credit notes, refunds and disputes; organizations are live or they are not."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0004"
down_revision = "0003"

CHANGING = ("dunning_policy", "mail")
APPEND_ONLY = ("credit_note", "credit_note_line", "refund", "settlement_answer", "dispute")


def upgrade() -> None:
    """Add the tables and columns."""
    run_files(revision)
    touched(*CHANGING)
    append_only(*APPEND_ONLY)
    isolate_tenants(*CHANGING, *APPEND_ONLY)


def downgrade() -> None:
    """Take them away."""
    drop_tables(*reversed(APPEND_ONLY), *CHANGING)
    run_sql(
        "ALTER TABLE invoice DROP COLUMN next_action, DROP COLUMN customer_suspended_at, DROP COLUMN attention",
        "ALTER TABLE billing_account DROP COLUMN stripe_payment_method_id",
        "ALTER TABLE org DROP COLUMN livemode",
    )
