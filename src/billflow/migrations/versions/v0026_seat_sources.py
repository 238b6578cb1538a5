"""Where an organization's seats come from, and what came of counting them."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = ("seat_source", "seat_pull", "seat_member")


def upgrade() -> None:
    """Add the tables; an observation names the source that it was pulled from."""
    run_files(revision)
    touched("seat_source", "seat_pull")
    isolate_tenants(*TABLES)


def downgrade() -> None:
    """Take them away."""
    run_sql("ALTER TABLE seat_observation DROP COLUMN seat_source_id")
    drop_tables("seat_member", "seat_pull", "seat_source")
