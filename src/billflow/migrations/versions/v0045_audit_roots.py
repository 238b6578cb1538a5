"""Roots of the audit log: what was signed of it, day by day."""

from billflow.migrations.ddl import append_only, drop_tables, isolate_tenants, run_sql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE audit_root (
    org_id uuid NOT NULL,
    last_position bigint NOT NULL,
    first_position bigint NOT NULL,
    day date NOT NULL,
    root bytea NOT NULL,
    key_id text NOT NULL,
    public_key text NOT NULL,
    signature text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_audit_root PRIMARY KEY (org_id, last_position),
    CONSTRAINT uq_audit_root_org_id_first_position UNIQUE (org_id, first_position),
    CONSTRAINT fk_audit_root_org_id FOREIGN KEY (org_id) REFERENCES org (id),
    CONSTRAINT ck_audit_root_positions_in_order CHECK (first_position BETWEEN 1 AND last_position),
    CONSTRAINT ck_audit_root_root_is_sha256 CHECK (octet_length(root) = 32)
)
"""


def upgrade() -> None:
    """Add the table."""
    run_sql(_TABLE)
    append_only("audit_root")
    isolate_tenants("audit_root")


def downgrade() -> None:
    """Take it away; what was published of it still proves what it proved."""
    drop_tables("audit_root")
