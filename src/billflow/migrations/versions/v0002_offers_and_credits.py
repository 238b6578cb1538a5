"""Offers expire and can be taken back, credits name the invoice that used them and the place they have at Stripe."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_files, run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what offers and credits need to live outside the books as well."""
    run_files(revision)
    append_only("credit_posting")
    isolate_tenants("credit_posting")


def downgrade() -> None:
    """Take it away; expired offers are shown as withdrawn again."""
    drop_tables("credit_posting")
    run_sql(
        "ALTER TABLE credit DROP CONSTRAINT uq_credit_org_id_id, DROP COLUMN invoice_id",
        "ALTER TABLE invoice DROP COLUMN balance_applied",
        "DROP INDEX ix_customer_plan_offer_customer_id",
        "ALTER TABLE customer_plan_offer DROP COLUMN replaced_pricing",
        "ALTER TABLE customer_plan_offer DROP CONSTRAINT ck_customer_plan_offer_offerstatus",
        "ALTER TABLE customer_plan_offer NO FORCE ROW LEVEL SECURITY",
        "UPDATE customer_plan_offer SET status = 'withdrawn' WHERE status = 'expired'",
        "ALTER TABLE customer_plan_offer FORCE ROW LEVEL SECURITY",
        "ALTER TABLE customer_plan_offer ADD CONSTRAINT ck_customer_plan_offer_offerstatus"
        " CHECK (status IN ('open', 'accepted', 'withdrawn'))",
    )
