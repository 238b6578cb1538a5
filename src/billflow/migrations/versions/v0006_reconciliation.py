"""Reconciliation keeps what it compared and found."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_files

revision = "0006"
down_revision = "0005"

TABLES = ("reconciliation_run", "reconciliation_held", "reconciliation_finding")


def upgrade() -> None:
    """Create its tables; a run and its findings are completed as they are mended."""
    run_files(revision)
    isolate_tenants(*TABLES)


def downgrade() -> None:
    """Drop them."""
    drop_tables(*reversed(TABLES))
