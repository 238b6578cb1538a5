"""Reconciliation finds workflows whose task fails."""

from billflow.migrations.ddl import allow_values, run_sql

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

KINDS = (
    "missing_at_stripe double_at_stripe wrong_amount wrong_state unseen_payment orphan_at_stripe"
    " open_without_collection plan_without_workflow workflow_of_ended_plan workflow_differs_from_plan cycle_not_billed"
    " customer_missing_at_stripe wrong_balance"
)


def upgrade() -> None:
    """Allow the kind of finding."""
    _allow(f"{KINDS} workflow_task_failing")


def downgrade() -> None:
    """Forget such findings, and allow no more."""
    run_sql(
        "ALTER TABLE reconciliation_finding NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM reconciliation_finding WHERE kind = 'workflow_task_failing'",
        "ALTER TABLE reconciliation_finding FORCE ROW LEVEL SECURITY",
    )
    _allow(KINDS)


def _allow(kinds: str) -> None:
    name = "ck_reconciliation_finding_findingkind"
    run_sql(f"ALTER TABLE reconciliation_finding DROP CONSTRAINT {name}")
    allow_values("reconciliation_finding", "kind", name, kinds)
