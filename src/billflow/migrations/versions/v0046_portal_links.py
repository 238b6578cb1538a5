"""Links into the customer portal, known by digests of secrets."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql, touched

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE portal_link (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    csrf_token text NOT NULL,
    link_digest bytea,
    digest bytea,
    previous_digest bytea,
    rotated_at timestamptz,
    signed_in_at timestamptz,
    last_used_at timestamptz,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    customer_id uuid NOT NULL,
    return_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_portal_link PRIMARY KEY (id),
    CONSTRAINT uq_portal_link_org_id_id UNIQUE (org_id, id),
    CONSTRAINT fk_portal_link_org_id_customer_id FOREIGN KEY (org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT ck_portal_link_known_once_signed_in CHECK ((digest IS NULL) = (signed_in_at IS NULL)),
    CONSTRAINT ck_portal_link_link_used_once CHECK (link_digest IS NULL OR digest IS NULL)
)
"""


def upgrade() -> None:
    """Add the table."""
    run_sql(
        _TABLE,
        "CREATE INDEX ix_portal_link_org_id_customer_id ON portal_link (org_id, customer_id, created_at)",
        "CREATE INDEX ix_portal_link_org_id_expires_at ON portal_link (org_id, expires_at)",
    )
    touched("portal_link")
    isolate_tenants("portal_link")


def downgrade() -> None:
    """Take it away; no link opens any more."""
    drop_tables("portal_link")
