"""A mailed link into the portal opens for days that were asked for; a customer's newest invoices have an index."""

from billflow.migrations.ddl import run_sql

revision = "0061"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep how many days beside the mail, whose link is made as it is sent; add the index."""
    run_sql(
        "ALTER TABLE mail ADD COLUMN link_days integer, ADD CONSTRAINT ck_mail_link_days"
        " CHECK (link_days BETWEEN 1 AND 30 AND occasion = 'portal_link')",
        "CREATE INDEX ix_invoice_customer_id_issued_at ON invoice (customer_id, issued_at, id)",
    )


def downgrade() -> None:
    """Take both away; links that are not sent yet then open for a day."""
    run_sql("DROP INDEX ix_invoice_customer_id_issued_at", "ALTER TABLE mail DROP COLUMN link_days")
