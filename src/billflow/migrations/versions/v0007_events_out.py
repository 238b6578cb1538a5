"""Events find their way out, the audit log becomes a chain, and history can forget a person."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_files, run_sql, touched

revision = "0007"
down_revision = "0006"

CHANGING = ("webhook_endpoint", "webhook_message")
APPEND_ONLY = ("event_delivery", "audit_chain")
OTHERS = ("outbox_pending", "customer_key")


def upgrade() -> None:
    """Create the tables, and chain the audit log as it is."""
    run_files(revision)
    touched(*CHANGING)
    append_only(*APPEND_ONLY)
    isolate_tenants(*CHANGING, *APPEND_ONLY, *OTHERS)


def downgrade() -> None:
    """Drop them; the audit log itself stays."""
    run_sql(
        "DROP TRIGGER outbox_event_pends ON outbox_event",
        "DROP FUNCTION billflow_event_pends()",
        "DROP TRIGGER audit_log_chained ON audit_log",
        "DROP FUNCTION billflow_chain_audit()",
        "DROP FUNCTION billflow_chain_entry(uuid)",
        "DROP INDEX ix_audit_log_org_id_created_at, ix_audit_log_actor, ix_outbox_event_org_id_created_at",
        "ALTER TABLE audit_log ADD COLUMN prev_hash bytea, ADD COLUMN hash bytea",
        "ALTER TABLE customer DROP COLUMN erased_at",
        "DROP POLICY watch ON org",
        "REVOKE ALL ON org FROM billflow_watch",
    )
    drop_tables("event_delivery", "webhook_message", "webhook_endpoint", "audit_chain", *OTHERS)
