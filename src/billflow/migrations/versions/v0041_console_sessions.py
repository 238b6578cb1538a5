"""The console's sessions: who is signed in, known by digests of secrets."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql, touched

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE console_session (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    person text NOT NULL,
    role varchar(40) NOT NULL,
    csrf_token text NOT NULL,
    link_digest bytea,
    digest bytea,
    previous_digest bytea,
    rotated_at timestamptz,
    signed_in_at timestamptz,
    last_used_at timestamptz,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_console_session PRIMARY KEY (id),
    CONSTRAINT uq_console_session_org_id_id UNIQUE (org_id, id),
    CONSTRAINT fk_console_session_org_id FOREIGN KEY (org_id) REFERENCES org (id),
    CONSTRAINT ck_console_session_consolerole CHECK (role IN ('viewer', 'support', 'finance', 'admin')),
    CONSTRAINT ck_console_session_known_once_signed_in CHECK ((digest IS NULL) = (signed_in_at IS NULL)),
    CONSTRAINT ck_console_session_link_used_once CHECK (link_digest IS NULL OR digest IS NULL)
)
"""


def upgrade() -> None:
    """Add the table."""
    run_sql(_TABLE, "CREATE INDEX ix_console_session_org_id_expires_at ON console_session (org_id, expires_at)")
    touched("console_session")
    isolate_tenants("console_session")


def downgrade() -> None:
    """Take it away; everybody is signed out."""
    drop_tables("console_session")
