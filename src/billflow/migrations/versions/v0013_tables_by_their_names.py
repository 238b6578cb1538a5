"""Tables and columns take the words of the glossary."""

from billflow.migrations.ddl import rename_table, run_sql

revision = "0013"
down_revision = "0012"

TABLES = (
    ("ledger_settlement", "ledger_allocation"),
    ("settlement_answer", "adjustment_answer"),
    ("reconciliation_held", "reconciliation_stripe_invoice"),
)
COLUMNS = (("customer_plan_offer", "settled_at", "closed_at"), ("reconciliation_finding", "settled_as", "closed_as"))


def upgrade() -> None:
    """Rename them, with everything that bears their names."""
    for old, new in TABLES:
        rename_table(old, new)
    run_sql(*(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}" for table, old, new in COLUMNS))


def downgrade() -> None:
    """Give everything its earlier name back."""
    run_sql(*(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}" for table, old, new in COLUMNS))
    for old, new in TABLES:
        rename_table(new, old)
