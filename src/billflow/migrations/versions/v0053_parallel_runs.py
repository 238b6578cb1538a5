"""Plans in a parallel run: what billflow computes for them, and the lines of what the other system issued."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_PLAN = """
ALTER TABLE customer_plan
    ADD COLUMN parallel_run_since timestamptz,
    ADD COLUMN cutover_at timestamptz,
    ADD CONSTRAINT ck_customer_plan_cutover_of_a_parallel_run CHECK (
        cutover_at IS NULL OR parallel_run_since IS NOT NULL AND cutover_at > parallel_run_since
    );
CREATE INDEX ix_customer_plan_parallel_run_since ON customer_plan (org_id, parallel_run_since)
    WHERE parallel_run_since IS NOT NULL;
"""

_TABLES = """
CREATE TABLE computed_invoice (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind varchar(40) NOT NULL,
    currency text NOT NULL,
    total bigint NOT NULL,
    tax bigint NOT NULL,
    tax_inclusive boolean NOT NULL,
    automatic_tax boolean NOT NULL,
    invoice_date timestamptz NOT NULL,
    step_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_computed_invoice PRIMARY KEY (id),
    CONSTRAINT uq_computed_invoice_org_id_id UNIQUE (org_id, id),
    CONSTRAINT fk_computed_invoice_org_id_plan_id FOREIGN KEY (org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT fk_computed_invoice_org_id_customer_id FOREIGN KEY (org_id, customer_id)
        REFERENCES customer (org_id, id),
    CONSTRAINT ck_computed_invoice_invoicekind CHECK (kind IN ('purchase', 'trial_purchase', 'recurring')),
    CONSTRAINT ck_computed_invoice_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX ix_computed_invoice_customer_id ON computed_invoice (customer_id, invoice_date);
CREATE INDEX ix_computed_invoice_plan_id ON computed_invoice (plan_id);
CREATE TABLE computed_invoice_line (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    computed_invoice_id uuid NOT NULL,
    n bigint NOT NULL,
    kind varchar(40) NOT NULL,
    description text NOT NULL,
    quantity bigint NOT NULL,
    unit_amount bigint NOT NULL,
    amount bigint NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    derivation jsonb NOT NULL,
    tax bigint NOT NULL,
    applied_tax jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_computed_invoice_line PRIMARY KEY (id),
    CONSTRAINT uq_computed_invoice_line_computed_invoice_id_n UNIQUE (computed_invoice_id, n),
    CONSTRAINT fk_computed_invoice_line_org_id_computed_invoice_id FOREIGN KEY (org_id, computed_invoice_id)
        REFERENCES computed_invoice (org_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_computed_invoice_line_linekind CHECK (
        kind IN (
            'initial_upgrade', 'fixed_price_upgrade', 'renewal', 'fixed_price_renewal', 'additional_licenses',
            'flat_discount', 'end_date_change', 'credit_to_balance', 'coupon', 'item', 'add_on', 'additional_add_on',
            'add_on_end_date_change', 'tax'
        )
    )
);
CREATE TABLE opening_invoice_line (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    opening_invoice_id uuid NOT NULL,
    n bigint NOT NULL,
    kind varchar(40) NOT NULL,
    description text NOT NULL,
    quantity bigint NOT NULL,
    unit_amount bigint,
    amount bigint NOT NULL,
    period_start timestamptz,
    period_end timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_opening_invoice_line PRIMARY KEY (id),
    CONSTRAINT uq_opening_invoice_line_opening_invoice_id_n UNIQUE (opening_invoice_id, n),
    CONSTRAINT fk_opening_invoice_line_org_id_opening_invoice_id FOREIGN KEY (org_id, opening_invoice_id)
        REFERENCES opening_invoice (org_id, id),
    CONSTRAINT ck_opening_invoice_line_openinglinekind CHECK (
        kind IN ('licenses', 'proration', 'other', 'discount', 'tax')
    )
);
"""

_PAID = "ck_opening_invoice_paid_at_most_its_total"


def upgrade() -> None:
    """Add them; an invoice that credits is a fact too, whose total is below 0."""
    run_sql(_PLAN, _TABLES)
    isolate_tenants("computed_invoice", "computed_invoice_line", "opening_invoice_line")
    run_sql(f"ALTER TABLE opening_invoice DROP CONSTRAINT {_PAID}")
    _paid_at_most("greatest(total, 0)")


def downgrade() -> None:
    """Take them away, invoices that credit included; a plan in a parallel run would be billed then, so end it first."""
    drop_tables("opening_invoice_line", "computed_invoice_line", "computed_invoice")
    run_sql(
        "ALTER TABLE customer_plan DROP COLUMN cutover_at, DROP COLUMN parallel_run_since",
        "ALTER TABLE opening_invoice NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM opening_invoice WHERE total < 0",
        "ALTER TABLE opening_invoice FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE opening_invoice DROP CONSTRAINT {_PAID}",
    )
    _paid_at_most("total")


def _paid_at_most(most: str) -> None:
    run_sql(f"ALTER TABLE opening_invoice ADD CONSTRAINT {_PAID} CHECK (amount_paid BETWEEN 0 AND {most})")
