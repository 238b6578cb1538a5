"""Tables, columns and values take the words of the glossary."""

from billflow.migrations.ddl import rename_table, run_sql
from billflow.migrations.versions.v0010_caught_up_mails import OCCASIONS

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = (
    ("ledger_settlement", "ledger_allocation"),
    ("settlement_answer", "adjustment_answer"),
    ("reconciliation_held", "reconciliation_stripe_invoice"),
)
COLUMNS = (("customer_plan_offer", "settled_at", "closed_at"), ("reconciliation_finding", "settled_as", "closed_as"))
ANSWER = (
    "ALTER TABLE adjustment_answer ADD CONSTRAINT ck_adjustment_answer_{}status"
    " CHECK (status IN ('{}', 'pending', 'succeeded', 'failed', 'rejected'))"
)
ONBOARDING = "CHECK (status IN ('running', 'done', '{}', 'failed'))"
OCCASION = f"CHECK (occasion IN ({OCCASIONS}, '{{}}'))"


def upgrade() -> None:
    """Rename them, with everything that bears their names."""
    for old, new in TABLES:
        rename_table(old, new)
    run_sql(*(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}" for table, old, new in COLUMNS))
    run_sql(
        "ALTER TABLE adjustment_answer DROP CONSTRAINT ck_adjustment_answer_settlementstatus",
        ANSWER.format("adjustment", "requested"),
    )
    _rename_value("onboarding", "ck_onboarding_onboardingstatus", ONBOARDING, ("status", "parked", "on_hold"))
    _rename_value("mail", "ck_mail_occasion", OCCASION, ("occasion", "caught_up", "backfilled"))


def downgrade() -> None:
    """Give everything its earlier name back."""
    _rename_value("mail", "ck_mail_occasion", OCCASION, ("occasion", "backfilled", "caught_up"))
    _rename_value("onboarding", "ck_onboarding_onboardingstatus", ONBOARDING, ("status", "on_hold", "parked"))
    run_sql(
        "ALTER TABLE adjustment_answer DROP CONSTRAINT ck_adjustment_answer_adjustmentstatus",
        ANSWER.format("settlement", "asked"),
    )
    run_sql(*(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}" for table, old, new in COLUMNS))
    for old, new in TABLES:
        rename_table(new, old)


def _rename_value(table: str, constraint: str, check: str, change: tuple[str, str, str]) -> None:
    column, old, new = change
    run_sql(
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint}",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"UPDATE {table} SET {column} = '{new}' WHERE {column} = '{old}'",  # noqa: S608  (our own names)
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {check.format(new)}",
    )
