"""Reconciliation finds workflows that stand elsewhere than the rows of their plan."""

from billflow.migrations.ddl import allow_values, run_sql

revision = "0021"
down_revision = "0020"

KINDS = ("reconciliation_finding", "kind", "ck_reconciliation_finding_findingkind")
BEFORE = (
    "missing_at_stripe double_at_stripe wrong_amount wrong_state unseen_payment orphan_at_stripe"
    " open_without_collection plan_without_workflow workflow_of_ended_plan"
)


def upgrade() -> None:
    """Allow the new kind of finding."""
    run_sql(_WITHOUT_CONSTRAINT)
    allow_values(*KINDS, f"{BEFORE} workflow_differs_from_plan")


def downgrade() -> None:
    """Forget findings of the new kind, and allow it no more."""
    run_sql(
        _WITHOUT_CONSTRAINT,
        "ALTER TABLE reconciliation_finding NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM reconciliation_finding WHERE kind = 'workflow_differs_from_plan'",
        "ALTER TABLE reconciliation_finding FORCE ROW LEVEL SECURITY",
    )
    allow_values(*KINDS, BEFORE)


_WITHOUT_CONSTRAINT = "ALTER TABLE reconciliation_finding DROP CONSTRAINT ck_reconciliation_finding_findingkind"
