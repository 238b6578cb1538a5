"""What moves in from another billing system: external ids, its invoices, and entries that it billed."""

from billflow.migrations.ddl import allow_values, drop_tables, isolate_tenants, run_sql, touched

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE imported_object (
    org_id uuid NOT NULL,
    kind varchar(40) NOT NULL,
    external_id text NOT NULL,
    object_id uuid NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_imported_object PRIMARY KEY (org_id, kind, external_id),
    CONSTRAINT fk_imported_object_org_id FOREIGN KEY (org_id) REFERENCES org (id),
    CONSTRAINT ck_imported_object_importkind CHECK (kind IN ('customer', 'plan', 'invoice'))
);
CREATE TABLE opening_invoice (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    plan_id uuid,
    external_id text NOT NULL,
    number text,
    status varchar(40) NOT NULL,
    currency text NOT NULL,
    total bigint NOT NULL,
    amount_paid bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    paid_at timestamptz,
    closed_at timestamptz,
    period_start timestamptz,
    period_end timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_opening_invoice PRIMARY KEY (id),
    CONSTRAINT uq_opening_invoice_org_id_id UNIQUE (org_id, id),
    CONSTRAINT fk_opening_invoice_org_id_customer_id FOREIGN KEY (org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_opening_invoice_org_id_plan_id FOREIGN KEY (org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT ck_opening_invoice_openinginvoicestatus CHECK (status IN ('open', 'paid', 'void', 'uncollectible')),
    CONSTRAINT ck_opening_invoice_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_opening_invoice_paid_at_most_its_total CHECK (amount_paid BETWEEN 0 AND total),
    CONSTRAINT ck_opening_invoice_paid_when CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CONSTRAINT ck_opening_invoice_closed_when CHECK (
        (status IN ('void', 'uncollectible')) = (closed_at IS NOT NULL)
    )
);
CREATE INDEX ix_opening_invoice_customer_id ON opening_invoice (customer_id, issued_at);
"""

_DISPOSITIONS = "billed nothing_to_bill forgiven trial"


def upgrade() -> None:
    """Add the tables, and what becomes of entries that another system billed."""
    run_sql(_TABLES)
    touched("opening_invoice")
    isolate_tenants("imported_object", "opening_invoice")
    _allow(f"{_DISPOSITIONS} imported")


def downgrade() -> None:
    """Take them away; entries that another system billed are then found to bill nothing."""
    drop_tables("opening_invoice", "imported_object")
    run_sql(
        "ALTER TABLE ledger_allocation DISABLE TRIGGER ledger_allocation_append_only",
        "ALTER TABLE ledger_allocation NO FORCE ROW LEVEL SECURITY",
        "UPDATE ledger_allocation SET disposition = 'nothing_to_bill' WHERE disposition = 'imported'",
        "ALTER TABLE ledger_allocation FORCE ROW LEVEL SECURITY",
        "ALTER TABLE ledger_allocation ENABLE TRIGGER ledger_allocation_append_only",
    )
    _allow(_DISPOSITIONS)


def _allow(values: str) -> None:
    run_sql("ALTER TABLE ledger_allocation DROP CONSTRAINT ck_ledger_allocation_disposition")
    allow_values("ledger_allocation", "disposition", "ck_ledger_allocation_disposition", values)
