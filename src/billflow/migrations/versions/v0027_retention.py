"""Events that are nobody's are kept apart; history is deleted by its age, the audit log once it is archived."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_files, run_sql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

AGING = ("outbox_event", "event_delivery", "audit_log", "audit_chain")


def upgrade() -> None:
    """Add both tables, and the functions that alone delete history."""
    run_files(revision)
    append_only("audit_archive")
    isolate_tenants("audit_archive")
    run_sql("REVOKE INSERT, UPDATE, DELETE ON audit_archive FROM billflow_app")
    for table in AGING:
        run_sql(
            f"DROP TRIGGER {table}_append_only ON {table}",
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_change()",
            f"CREATE TRIGGER {table}_retention BEFORE DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_early_delete()",
        )


def downgrade() -> None:
    """Take them away; fails where entries of the audit log were archived, since the rest would not verify."""
    run_sql(_REFUSE)
    for table in AGING:
        run_sql(f"DROP TRIGGER {table}_append_only ON {table}", f"DROP TRIGGER {table}_retention ON {table}")
    append_only(*AGING)
    drop_tables("audit_archive", "foreign_stripe_event")
    run_sql(
        "DROP FUNCTION billflow_delete_deliveries(timestamptz, bigint), billflow_delete_events(timestamptz, bigint),"
        " billflow_archive_audit(bigint, bytea), billflow_check_age(timestamptz, interval),"
        " billflow_refuse_early_delete(), billflow_this_org()",
        "DROP INDEX ix_webhook_message_updated_at, ix_webhook_message_event_id, ix_event_delivery_message_id",
    )


_REFUSE = """
DO $$
BEGIN
    ALTER TABLE audit_archive NO FORCE ROW LEVEL SECURITY;
    IF EXISTS (SELECT FROM audit_archive) THEN
        RAISE EXCEPTION 'entries of the audit log are in archives';
    END IF;
END
$$
"""
