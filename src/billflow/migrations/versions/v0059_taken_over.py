"""When an invoice of another system was taken over: from then on the journal has what was due of it."""

from billflow.migrations.ddl import run_sql

revision = "0059"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the moment of the import with each invoice."""
    run_sql(
        "ALTER TABLE opening_invoice ADD COLUMN taken_over_at timestamptz",
        "ALTER TABLE opening_invoice NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE imported_object NO FORCE ROW LEVEL SECURITY",
        "UPDATE opening_invoice SET taken_over_at = coalesce((SELECT at FROM imported_object"
        " WHERE imported_object.org_id = opening_invoice.org_id AND kind = 'invoice'"
        " AND object_id = opening_invoice.id), created_at)",
        "ALTER TABLE imported_object FORCE ROW LEVEL SECURITY",
        "ALTER TABLE opening_invoice FORCE ROW LEVEL SECURITY",
        "ALTER TABLE opening_invoice ALTER COLUMN taken_over_at SET NOT NULL",
    )


def downgrade() -> None:
    """Take the moment away."""
    run_sql("ALTER TABLE opening_invoice DROP COLUMN taken_over_at")
