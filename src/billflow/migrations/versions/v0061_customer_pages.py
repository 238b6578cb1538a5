"""Pages about a customer find its newest invoices, deliveries and events of Stripe's; mailed links have their days."""

from billflow.migrations.ddl import run_sql

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep how many days beside the mail, whose link is made as it is sent; add the indexes."""
    run_sql(
        "ALTER TABLE mail ADD COLUMN link_days bigint, ADD CONSTRAINT ck_mail_link_days"
        " CHECK (link_days IS NULL OR link_days BETWEEN 1 AND 30 AND occasion = 'portal_link')",
        "CREATE INDEX ix_invoice_customer_id_issued_at ON invoice (customer_id, issued_at, id)",
        "CREATE INDEX ix_webhook_message_customer_id ON webhook_message (customer_id, position)",
        "ALTER TABLE webhook_event ADD COLUMN of_customer text GENERATED ALWAYS AS (payload ->> 'customer_id') STORED",
        'ALTER TABLE remote_server ADD COLUMN hostname_key text COLLATE "C"'
        " GENERATED ALWAYS AS (lower(hostname)) STORED NOT NULL",
        "CREATE INDEX ix_remote_server_hostname_key ON remote_server (org_id, hostname_key)",
        'ALTER TABLE remote_realm ADD COLUMN host_key text COLLATE "C"'
        " GENERATED ALWAYS AS (lower(host)) STORED NOT NULL",
        "CREATE INDEX ix_remote_realm_host_key ON remote_realm (org_id, host_key)",
        "CREATE INDEX ix_webhook_event_of_customer ON webhook_event (of_customer, received_at)",
    )


def downgrade() -> None:
    """Take them away; links that are not sent yet then open for a day."""
    run_sql(
        "ALTER TABLE webhook_event DROP COLUMN of_customer",
        "ALTER TABLE remote_realm DROP COLUMN host_key",
        "ALTER TABLE remote_server DROP COLUMN hostname_key",
        "DROP INDEX ix_webhook_message_customer_id",
        "DROP INDEX ix_invoice_customer_id_issued_at",
        "ALTER TABLE mail DROP COLUMN link_days",
    )
