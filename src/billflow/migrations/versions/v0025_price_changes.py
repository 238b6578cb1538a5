"""Plans know which catalogue they go by, and may be announced another price."""

from billflow.migrations.ddl import allow_values, drop_tables, isolate_tenants, run_sql

revision = "0025"
down_revision = "0024"

OCCASIONS = (
    "payment_failed action_required reminder_before reminder_due reminder_after suspended reactivated plan_ended"
    " written_off backfill"
)


def upgrade() -> None:
    """Create the announcements, and what a plan has of one."""
    run_sql(_TABLE, _COLUMNS, _MAILS)
    isolate_tenants("price_change")
    _allow(f"{OCCASIONS} price_change")


def downgrade() -> None:
    """Drop them; fails where a mail told of one."""
    _allow(OCCASIONS)
    run_sql(
        "ALTER TABLE mail DROP COLUMN price_change_id, ALTER COLUMN invoice_id SET NOT NULL",
        "ALTER TABLE customer_plan DROP COLUMN catalog_version, DROP COLUMN next_price, DROP COLUMN next_price_from,"
        " DROP COLUMN price_change_id",
    )
    drop_tables("price_change")


def _allow(occasions: str) -> None:
    run_sql("ALTER TABLE mail DROP CONSTRAINT ck_mail_occasion")
    allow_values("mail", "occasion", "ck_mail_occasion", occasions)


_TABLE = """
CREATE TABLE price_change (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    tier text NOT NULL,
    starts_at timestamptz NOT NULL,
    notice_days bigint NOT NULL,
    catalog_version bigint NOT NULL,
    actor text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_price_change PRIMARY KEY (id),
    CONSTRAINT fk_price_change_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_price_change_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_price_change_notice CHECK (notice_days >= 0)
)
"""
_COLUMNS = """
ALTER TABLE customer_plan
    ADD COLUMN catalog_version bigint,
    ADD COLUMN next_price bigint,
    ADD COLUMN next_price_from timestamptz,
    ADD COLUMN price_change_id uuid,
    ADD CONSTRAINT ck_customer_plan_next_price_whole CHECK ((next_price IS NULL) = (next_price_from IS NULL)),
    ADD CONSTRAINT fk_customer_plan_org_id_price_change_id
        FOREIGN KEY (org_id, price_change_id) REFERENCES price_change (org_id, id);
CREATE INDEX ix_customer_plan_price_change_id ON customer_plan (price_change_id) WHERE price_change_id IS NOT NULL;
"""
_MAILS = """
ALTER TABLE mail
    ALTER COLUMN invoice_id DROP NOT NULL,
    ADD COLUMN price_change_id uuid,
    ADD CONSTRAINT fk_mail_org_id_price_change_id
        FOREIGN KEY (org_id, price_change_id) REFERENCES price_change (org_id, id),
    ADD CONSTRAINT ck_mail_one_subject CHECK (num_nonnulls(invoice_id, price_change_id) = 1);
CREATE INDEX ix_mail_price_change_id ON mail (price_change_id, id) WHERE price_change_id IS NOT NULL;
"""
