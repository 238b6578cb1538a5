"""Reconciliation keeps what it compared and found."""

from billflow.store.migrations.ddl import drop_tables, run_files, wall_off

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("reconciliation_run", "reconciliation_held", "reconciliation_finding")


def upgrade() -> None:
    """Create its tables; a run and its findings are completed as they are mended."""
    run_files(revision)
    wall_off(*TABLES)


def downgrade() -> None:
    """Drop them."""
    drop_tables(*reversed(TABLES))
