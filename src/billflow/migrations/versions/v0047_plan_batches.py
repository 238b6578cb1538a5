"""Batches of plans: one command for each of many, and what became of it."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql, touched

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_BATCHES = """
CREATE TABLE plan_batch (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    key text NOT NULL,
    command jsonb NOT NULL,
    plans jsonb NOT NULL,
    status varchar(40) NOT NULL,
    created_by text NOT NULL,
    reason text,
    confirmed_by text,
    previewed_at timestamptz,
    confirmed_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_plan_batch PRIMARY KEY (id),
    CONSTRAINT uq_plan_batch_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_plan_batch_org_id_key UNIQUE (org_id, key),
    CONSTRAINT fk_plan_batch_org_id FOREIGN KEY (org_id) REFERENCES org (id),
    CONSTRAINT ck_plan_batch_command_is_object CHECK (jsonb_typeof(command) = 'object'),
    CONSTRAINT ck_plan_batch_plans_is_object CHECK (jsonb_typeof(plans) = 'object'),
    CONSTRAINT ck_plan_batch_batchstatus CHECK (
        status IN ('previewing', 'previewed', 'running', 'finished', 'canceled')
    )
)
"""
_ITEMS = """
CREATE TABLE plan_batch_item (
    org_id uuid NOT NULL,
    plan_batch_id uuid NOT NULL,
    position bigint NOT NULL,
    plan_id uuid NOT NULL,
    status varchar(40) NOT NULL,
    plan_version bigint,
    changes jsonb NOT NULL DEFAULT '[]',
    billed bigint,
    next_invoice_before bigint,
    next_invoice_after bigint,
    code text,
    message text,
    at timestamptz,
    CONSTRAINT pk_plan_batch_item PRIMARY KEY (plan_batch_id, position),
    CONSTRAINT uq_plan_batch_item_plan_batch_id_plan_id UNIQUE (plan_batch_id, plan_id),
    CONSTRAINT fk_plan_batch_item_org_id_plan_batch_id FOREIGN KEY (org_id, plan_batch_id)
        REFERENCES plan_batch (org_id, id),
    CONSTRAINT fk_plan_batch_item_org_id_plan_id FOREIGN KEY (org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT ck_plan_batch_item_batchitemstatus CHECK (
        status IN ('waiting', 'ready', 'refused', 'done', 'failed')
    )
)
"""


def upgrade() -> None:
    """Add the tables."""
    run_sql(
        _BATCHES,
        "CREATE INDEX ix_plan_batch_org_id_created_at ON plan_batch (org_id, created_at, id)",
        _ITEMS,
        "CREATE INDEX ix_plan_batch_item_plan_batch_id_status_position"
        " ON plan_batch_item (plan_batch_id, status, position)",
    )
    touched("plan_batch")
    isolate_tenants("plan_batch", "plan_batch_item")


def downgrade() -> None:
    """Take them away; plans keep what they were given."""
    drop_tables("plan_batch_item", "plan_batch")
