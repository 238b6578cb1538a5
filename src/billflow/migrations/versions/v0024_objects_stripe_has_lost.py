"""What Stripe has lost is replaced: customers with their balance, and invoices; balances are compared by account."""

from billflow.migrations.ddl import allow_values, append_only, drop_tables, isolate_tenants, run_sql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KINDS = (
    "missing_at_stripe double_at_stripe wrong_amount wrong_state unseen_payment orphan_at_stripe"
    " open_without_collection plan_without_workflow workflow_of_ended_plan workflow_differs_from_plan cycle_not_billed"
)
REPAIRS = "record_state collect void delete_drafts start_plan wake_plan"


def upgrade() -> None:
    """Add the tables; a credit that is posted already is on the account that its customer would use for it."""
    run_sql(
        *_TABLES,
        "ALTER TABLE credit_posting ADD COLUMN billing_account_id uuid",
        "ALTER TABLE credit_posting ADD CONSTRAINT fk_credit_posting_org_id_billing_account_id"
        " FOREIGN KEY(org_id, billing_account_id) REFERENCES billing_account (org_id, id)",
    )
    _without_guards(_BACKFILL)
    run_sql(
        "CREATE INDEX ix_credit_posting_billing_account_id ON credit_posting (billing_account_id)",
        "CREATE INDEX ix_invoice_billing_account_id ON invoice (billing_account_id)",
        "CREATE INDEX ix_credit_invoice_id ON credit (invoice_id) WHERE invoice_id IS NOT NULL",
    )
    append_only("replaced_stripe_invoice")
    isolate_tenants("replaced_stripe_customer", "replaced_stripe_invoice", "reconciliation_stripe_customer")
    _allow(f"{KINDS} customer_missing_at_stripe wrong_balance", f"{REPAIRS} replace_customer replace_invoice")


def downgrade() -> None:
    """Drop them."""
    _allow(KINDS, REPAIRS)
    run_sql(
        "ALTER TABLE credit_posting DROP COLUMN billing_account_id",
        "DROP INDEX ix_invoice_billing_account_id",
        "DROP INDEX ix_credit_invoice_id",
    )
    drop_tables("replaced_stripe_customer", "replaced_stripe_invoice", "reconciliation_stripe_customer")


def _without_guards(statement: str) -> None:
    """Run a statement over the postings of every organization, which neither change nor show otherwise."""
    run_sql(
        "ALTER TABLE credit_posting DISABLE TRIGGER credit_posting_append_only",
        *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in ("credit_posting", *_READ)),
        statement,
        *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in ("credit_posting", *_READ)),
        "ALTER TABLE credit_posting ENABLE TRIGGER credit_posting_append_only",
    )


def _allow(kinds: str, repairs: str) -> None:
    for column, constraint, values in (("kind", "findingkind", kinds), ("repair", "repair", repairs)):
        name = f"ck_reconciliation_finding_{constraint}"
        run_sql(f"ALTER TABLE reconciliation_finding DROP CONSTRAINT {name}")
        allow_values("reconciliation_finding", column, name, values)


_READ = ("credit", "billing_account")
_BACKFILL = """
UPDATE credit_posting SET billing_account_id = (
    SELECT account.id FROM credit
    JOIN billing_account account ON account.customer_id = credit.customer_id AND account.currency = credit.currency
    WHERE credit.id = credit_posting.credit_id
    ORDER BY account.is_default DESC, account.created_at LIMIT 1
)
"""
_TABLES = (
    """
    CREATE TABLE replaced_stripe_customer (
        id uuid DEFAULT gen_random_uuid() NOT NULL,
        org_id uuid NOT NULL,
        billing_account_id uuid NOT NULL,
        stripe_customer_id text NOT NULL,
        balance bigint NOT NULL,
        stripe_balance_transaction_id text,
        at timestamptz NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_replaced_stripe_customer PRIMARY KEY (id),
        CONSTRAINT fk_replaced_stripe_customer_org_id_billing_account_id
            FOREIGN KEY(org_id, billing_account_id) REFERENCES billing_account (org_id, id),
        CONSTRAINT uq_replaced_stripe_customer_stripe_customer_id UNIQUE (stripe_customer_id)
    );
    CREATE INDEX ix_replaced_stripe_customer_billing_account_id ON replaced_stripe_customer (billing_account_id)
    """,
    """
    CREATE TABLE replaced_stripe_invoice (
        org_id uuid NOT NULL,
        invoice_id uuid NOT NULL,
        stripe_invoice_id text NOT NULL,
        number text,
        at timestamptz NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_replaced_stripe_invoice PRIMARY KEY (stripe_invoice_id),
        CONSTRAINT fk_replaced_stripe_invoice_org_id_invoice_id
            FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id)
    );
    CREATE INDEX ix_replaced_stripe_invoice_invoice_id ON replaced_stripe_invoice (invoice_id)
    """,
    """
    CREATE TABLE reconciliation_stripe_customer (
        org_id uuid NOT NULL,
        run_id uuid NOT NULL,
        stripe_customer_id text NOT NULL,
        balance bigint NOT NULL,
        currency text,
        CONSTRAINT pk_reconciliation_stripe_customer PRIMARY KEY (run_id, stripe_customer_id),
        CONSTRAINT fk_reconciliation_stripe_customer_org_id_run_id
            FOREIGN KEY(org_id, run_id) REFERENCES reconciliation_run (org_id, id)
    )
    """,
)
