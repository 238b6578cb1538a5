"""An invoice is issued again in place of another one; what a void one billed may be waived."""

from billflow.migrations.ddl import allow_values, run_sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = (
    "missing_at_stripe double_at_stripe wrong_amount wrong_state unseen_payment orphan_at_stripe"
    " open_without_collection plan_without_workflow workflow_of_ended_plan workflow_differs_from_plan"
)
_CONSTRAINT = "ck_reconciliation_finding_findingkind"


def upgrade() -> None:
    """Make room for the links; what was voided while its plan had ended was not to be billed again."""
    run_sql(
        "ALTER TABLE invoice ADD COLUMN replaces_invoice_id uuid",
        "ALTER TABLE invoice ADD COLUMN replaced_by_invoice_id uuid",
        "ALTER TABLE invoice ADD COLUMN reissue_key text",
        "ALTER TABLE invoice ADD COLUMN waived boolean DEFAULT false NOT NULL",
        "ALTER TABLE invoice ADD CONSTRAINT uq_invoice_org_id_reissue_key UNIQUE (org_id, reissue_key)",
        *(
            f"ALTER TABLE invoice ADD CONSTRAINT fk_invoice_org_id_{column}"
            f" FOREIGN KEY(org_id, {column}) REFERENCES invoice (org_id, id)"
            for column in ("replaces_invoice_id", "replaced_by_invoice_id")
        ),
        "ALTER TABLE invoice_line ADD COLUMN replaces_line_id uuid",
        "ALTER TABLE invoice_line ADD CONSTRAINT fk_invoice_line_org_id_replaces_line_id"
        " FOREIGN KEY(org_id, replaces_line_id) REFERENCES invoice_line (org_id, id)",
        "CREATE INDEX ix_invoice_line_replaces_line_id ON invoice_line (replaces_line_id)"
        " WHERE replaces_line_id IS NOT NULL",
        "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE customer_plan NO FORCE ROW LEVEL SECURITY",
        "UPDATE invoice SET waived = true FROM customer_plan WHERE customer_plan.id = invoice.plan_id"
        " AND invoice.status = 'void' AND customer_plan.status = 'ended'",
        "ALTER TABLE customer_plan FORCE ROW LEVEL SECURITY",
        "ALTER TABLE invoice FORCE ROW LEVEL SECURITY",
    )
    _allow(f"{KINDS} cycle_not_billed")


def downgrade() -> None:
    """Forget the links, and the findings that came with them."""
    run_sql(
        "ALTER TABLE reconciliation_finding NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM reconciliation_finding WHERE kind = 'cycle_not_billed'",
        "ALTER TABLE reconciliation_finding FORCE ROW LEVEL SECURITY",
        "ALTER TABLE invoice_line DROP COLUMN replaces_line_id",
        *(
            f"ALTER TABLE invoice DROP COLUMN {column}"
            for column in ("waived", "reissue_key", "replaced_by_invoice_id", "replaces_invoice_id")
        ),
    )
    _allow(KINDS)


def _allow(kinds: str) -> None:
    run_sql(f"ALTER TABLE reconciliation_finding DROP CONSTRAINT {_CONSTRAINT}")
    allow_values("reconciliation_finding", "kind", _CONSTRAINT, kinds)
