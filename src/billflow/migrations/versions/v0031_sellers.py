"""Who sells, in versions; what an invoice is issued with is kept, and its number can be ours."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the columns of invoices."""
    run_files(revision)
    append_only("seller_version")
    touched("invoice_series")
    isolate_tenants("seller_version", "invoice_series")


def downgrade() -> None:
    """Take them away; the numbers stay."""
    run_sql("ALTER TABLE invoice DROP COLUMN sequence, DROP COLUMN seller_version_id, DROP COLUMN buyer")
    drop_tables("invoice_series", "seller_version")
