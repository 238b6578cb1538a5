"""Credit notes and refunds are numbered documents; a write-off has its moment."""

from billflow.migrations.ddl import run_sql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_READ = ("adjustment_answer", "invoice", "audit_log")


def upgrade() -> None:
    """Add the columns, number what Stripe carried out so far, and take moments of write-offs from the audit log."""
    run_sql(
        "ALTER TABLE adjustment_answer ADD COLUMN document_n bigint"
        " CONSTRAINT ck_adjustment_answer_document_n_counts CHECK (document_n > 0)",
        "ALTER TABLE invoice ADD COLUMN written_off_at timestamptz",
        *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in _READ),
        "ALTER TABLE adjustment_answer DISABLE TRIGGER adjustment_answer_append_only",
        NUMBERS,
        WRITE_OFFS,
        "ALTER TABLE adjustment_answer ENABLE TRIGGER adjustment_answer_append_only",
        *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in _READ),
        *(
            f"CREATE UNIQUE INDEX uq_adjustment_answer_{kind}_document ON adjustment_answer (org_id, document_n)"
            f" WHERE document_n IS NOT NULL AND {kind}_id IS NOT NULL"
            for kind in ("credit_note", "refund")
        ),
    )


def downgrade() -> None:
    """Take them away."""
    run_sql(
        "ALTER TABLE adjustment_answer DROP COLUMN document_n",
        "ALTER TABLE invoice DROP COLUMN written_off_at",
    )


NUMBERS = """
UPDATE adjustment_answer SET document_n = numbered.n FROM (
    SELECT id, row_number() OVER (PARTITION BY org_id, credit_note_id IS NULL ORDER BY sequence) AS n
    FROM (
        SELECT DISTINCT ON (coalesce(credit_note_id, refund_id)) id, org_id, credit_note_id, sequence
        FROM adjustment_answer WHERE status = 'succeeded' ORDER BY coalesce(credit_note_id, refund_id), sequence
    ) AS first
) AS numbered WHERE numbered.id = adjustment_answer.id
"""

WRITE_OFFS = """
UPDATE invoice SET written_off_at = coalesce((
    SELECT max(entry.at) FROM audit_log entry WHERE entry.org_id = invoice.org_id AND entry.subject_type = 'invoice'
    AND entry.subject_id = invoice.id::text AND entry.action = 'invoice.marked_uncollectible'
), CASE WHEN invoice.status = 'uncollectible' THEN invoice.due_at END)
"""
