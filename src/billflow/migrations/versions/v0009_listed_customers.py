"""Lists of customers are read, and counted, from an index of those that are there."""

from billflow.migrations.ddl import run_sql

revision = "0009"
down_revision = "0008"

INDEX = "CREATE INDEX ix_customer_org_id_created_at ON customer (org_id, created_at, id)"


def upgrade() -> None:
    """Leave deleted customers out of the index."""
    run_sql("DROP INDEX ix_customer_org_id_created_at", f"{INDEX} WHERE deleted_at IS NULL")


def downgrade() -> None:
    """Take them in again."""
    run_sql("DROP INDEX ix_customer_org_id_created_at", INDEX)
