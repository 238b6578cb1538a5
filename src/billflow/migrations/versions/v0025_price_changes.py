"""Plans know which catalogue they go by, and may be announced another price."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Create the announcements, and what a plan has of one."""
    run_sql(_TABLE, _COLUMNS)
    isolate_tenants("price_change")


def downgrade() -> None:
    """Drop them."""
    run_sql(
        "ALTER TABLE customer_plan DROP COLUMN catalog_version, DROP COLUMN next_price, DROP COLUMN next_price_from,"
        " DROP COLUMN price_change_id"
    )
    drop_tables("price_change")


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
