"""Coupons, who redeemed them, and what invoices and plans have of one."""

from billflow.migrations.ddl import allow_values, drop_tables, isolate_tenants, run_sql, touched

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_KINDS = (
    "initial_upgrade fixed_price_upgrade renewal fixed_price_renewal additional_licenses flat_discount end_date_change"
    " credit_to_balance"
)
_RULE = "ck_invoice_line_linekind"
_TABLES_MADE = ("coupon", "coupon_redemption")


def upgrade() -> None:
    """Add the tables, the columns that name a redemption, and the kind of line."""
    run_sql(_TABLES, _COLUMNS, f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}")
    allow_values("invoice_line", "kind", _RULE, f"{_KINDS} coupon")
    touched(*_TABLES_MADE)
    isolate_tenants(*_TABLES_MADE)


def downgrade() -> None:
    """Take them away; fails where a line is a coupon's, for no other kind says what it takes off."""
    run_sql(f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}")
    allow_values("invoice_line", "kind", _RULE, _KINDS)
    run_sql(
        "ALTER TABLE invoice DROP COLUMN coupon_redemption_id, DROP COLUMN coupon_months",
        "ALTER TABLE customer_plan DROP COLUMN coupon_redemption_id, DROP COLUMN cycle_coupon,"
        " DROP COLUMN cycle_percent_off",
    )
    drop_tables(*reversed(_TABLES_MADE))


_TABLES = """
CREATE TABLE coupon (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    code text NOT NULL,
    code_key text GENERATED ALWAYS AS (lower(code)) STORED NOT NULL,
    name text,
    percent_off numeric(5, 2),
    amount_off jsonb DEFAULT '{}' NOT NULL,
    duration varchar(40) NOT NULL,
    duration_in_months bigint,
    tiers text[] DEFAULT '{}' NOT NULL,
    expires_at timestamptz,
    max_redemptions bigint,
    first_purchase_only boolean DEFAULT false NOT NULL,
    times_redeemed bigint DEFAULT '0' NOT NULL,
    archived_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_coupon PRIMARY KEY (id),
    CONSTRAINT fk_coupon_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_coupon_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_coupon_org_id_code_key UNIQUE (org_id, code_key),
    CONSTRAINT ck_coupon_amount_off_is_object CHECK (jsonb_typeof(amount_off) = 'object'),
    CONSTRAINT ck_coupon_one_discount CHECK ((percent_off IS NULL) <> (amount_off = '{}')),
    CONSTRAINT ck_coupon_percent_off CHECK (percent_off > 0 AND percent_off <= 100),
    CONSTRAINT ck_coupon_duration_whole CHECK ((duration = 'repeating') = (duration_in_months IS NOT NULL)),
    CONSTRAINT ck_coupon_redemptions
        CHECK (times_redeemed BETWEEN 0 AND coalesce(max_redemptions, times_redeemed)),
    CONSTRAINT ck_coupon_couponduration CHECK (duration IN ('once', 'repeating', 'forever'))
);

CREATE INDEX ix_coupon_org_id_created_at ON coupon (org_id, created_at, id);

CREATE TABLE coupon_redemption (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    coupon_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    months_left bigint,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text,
    ended_at timestamptz,
    end_reason varchar(40),
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_coupon_redemption PRIMARY KEY (id),
    CONSTRAINT fk_coupon_redemption_org_id_coupon_id FOREIGN KEY(org_id, coupon_id) REFERENCES coupon (org_id, id),
    CONSTRAINT fk_coupon_redemption_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT uq_coupon_redemption_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_coupon_redemption_months_left CHECK (months_left >= 0),
    CONSTRAINT ck_coupon_redemption_ended_whole CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT ck_coupon_redemption_couponend CHECK (end_reason IN ('used_up', 'detached', 'purchase_failed'))
);

CREATE UNIQUE INDEX uq_coupon_redemption_customer_id ON coupon_redemption (customer_id) WHERE ended_at IS NULL;
CREATE INDEX ix_coupon_redemption_customer_id ON coupon_redemption (customer_id, at);
CREATE INDEX ix_coupon_redemption_coupon_id ON coupon_redemption (coupon_id);
"""
_COLUMNS = """
ALTER TABLE customer_plan
    ADD COLUMN cycle_coupon text,
    ADD COLUMN cycle_percent_off text,
    ADD COLUMN coupon_redemption_id uuid,
    ADD CONSTRAINT fk_customer_plan_org_id_coupon_redemption_id
        FOREIGN KEY (org_id, coupon_redemption_id) REFERENCES coupon_redemption (org_id, id);
ALTER TABLE invoice
    ADD COLUMN coupon_redemption_id uuid,
    ADD COLUMN coupon_months bigint DEFAULT '0' NOT NULL,
    ADD CONSTRAINT fk_invoice_org_id_coupon_redemption_id
        FOREIGN KEY (org_id, coupon_redemption_id) REFERENCES coupon_redemption (org_id, id);
"""
