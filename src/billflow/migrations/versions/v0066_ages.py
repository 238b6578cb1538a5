"""Reported seats leave by their age, and what leaves by its age is found by it, without reading all that is younger."""

from billflow.migrations.ddl import append_only, run_files, run_sql

revision = "0066"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the function that alone deletes seats, and the indexes."""
    run_files(revision)
    run_sql(
        "CREATE INDEX ix_webhook_event_received_at ON webhook_event USING brin (received_at)",
        "CREATE INDEX ix_computed_invoice_created_at ON computed_invoice USING brin (created_at)",
        "CREATE INDEX ix_plan_notice_created_at ON plan_notice USING brin (created_at)",
        "CREATE INDEX ix_seat_member_until ON seat_member (org_id, until) WHERE until IS NOT NULL",
    )


def downgrade() -> None:
    """Take them away."""
    run_sql(
        "DROP INDEX ix_webhook_event_received_at, ix_computed_invoice_created_at, ix_plan_notice_created_at,"
        " ix_seat_member_until",
        "DROP TRIGGER seat_observation_append_only ON seat_observation",
        "DROP TRIGGER seat_observation_retention ON seat_observation",
        "DROP FUNCTION billflow_delete_seats(timestamptz, uuid[])",
    )
    append_only("seat_observation")
