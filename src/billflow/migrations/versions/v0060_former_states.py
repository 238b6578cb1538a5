"""Former rows of other systems' invoices are kept too, and former rows of an organization since a moment only."""

from billflow.migrations.ddl import run_sql

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

VERSIONED = ("opening_invoice",)


def upgrade() -> None:
    """Keep them, and know from when on; they are written in the order of time, which a small index suits."""
    run_sql(
        "ALTER TABLE org ADD COLUMN former_rows_since timestamptz",
        "CREATE INDEX ix_row_version_until ON row_version USING brin (until)",
        "CREATE TRIGGER opening_invoice_versions AFTER UPDATE OR DELETE ON opening_invoice"
        " FOR EACH ROW EXECUTE FUNCTION billflow_keep_version()",
        "REVOKE DELETE ON opening_invoice FROM billflow_app",
    )


def downgrade() -> None:
    """Keep none of them."""
    run_sql(
        "GRANT DELETE ON opening_invoice TO billflow_app",
        "DROP TRIGGER opening_invoice_versions ON opening_invoice",
        "DROP INDEX ix_row_version_until",
        "ALTER TABLE org DROP COLUMN former_rows_since",
    )
