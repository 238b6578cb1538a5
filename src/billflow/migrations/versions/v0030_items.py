"""What is billed once beside a plan's licenses."""

from billflow.migrations.ddl import allow_values, drop_tables, isolate_tenants, run_sql, touched

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_RULE = "ck_invoice_line_linekind"
_BEFORE = (
    "initial_upgrade fixed_price_upgrade renewal fixed_price_renewal additional_licenses flat_discount"
    " end_date_change credit_to_balance coupon"
)


def upgrade() -> None:
    """Add the items, and lines over them."""
    run_sql(_TABLE, f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}")
    allow_values("invoice_line", "kind", _RULE, f"{_BEFORE} item")
    touched("plan_item")
    isolate_tenants("plan_item")


def downgrade() -> None:
    """Take them away; fails where an invoice has one."""
    run_sql(f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}")
    allow_values("invoice_line", "kind", _RULE, _BEFORE)
    drop_tables("plan_item")


_TABLE = """
CREATE TABLE plan_item (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    seq bigint NOT NULL,
    description text NOT NULL,
    unit_amount bigint NOT NULL,
    quantity bigint NOT NULL,
    service_start timestamptz,
    service_end timestamptz,
    added_at timestamptz NOT NULL,
    status varchar(40) DEFAULT 'pending' NOT NULL,
    invoice_line_id uuid,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_plan_item PRIMARY KEY (id),
    CONSTRAINT fk_plan_item_org_id_plan_id FOREIGN KEY(org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT fk_plan_item_org_id_invoice_line_id
        FOREIGN KEY(org_id, invoice_line_id) REFERENCES invoice_line (org_id, id),
    CONSTRAINT uq_plan_item_plan_id_seq UNIQUE (plan_id, seq),
    CONSTRAINT uq_plan_item_invoice_line_id UNIQUE (invoice_line_id),
    CONSTRAINT ck_plan_item_itemstatus CHECK (status IN ('pending', 'billed', 'withdrawn')),
    CONSTRAINT ck_plan_item_amount_positive CHECK (unit_amount > 0 AND quantity > 0),
    CONSTRAINT ck_plan_item_service_whole CHECK ((service_start IS NULL) = (service_end IS NULL)),
    CONSTRAINT ck_plan_item_billed_by_a_line CHECK ((status = 'billed') = (invoice_line_id IS NOT NULL))
);
"""
