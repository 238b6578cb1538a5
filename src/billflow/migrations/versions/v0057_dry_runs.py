"""Dry runs that are asked for over HTTP: what was asked, how far one is, and what it found."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql, touched

revision = "0057"
down_revision = "0055"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE dry_run (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    key text NOT NULL,
    asked jsonb NOT NULL,
    change bytea NOT NULL,
    status varchar(40) NOT NULL,
    until timestamptz,
    plans bigint,
    plans_done bigint NOT NULL DEFAULT 0,
    taken_at timestamptz,
    created_by text NOT NULL,
    finished_at timestamptz,
    kept_until timestamptz NOT NULL,
    code text,
    message text,
    summary bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_dry_run PRIMARY KEY (id),
    CONSTRAINT uq_dry_run_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_dry_run_org_id_key UNIQUE (org_id, key),
    CONSTRAINT fk_dry_run_org_id FOREIGN KEY (org_id) REFERENCES org (id),
    CONSTRAINT ck_dry_run_asked_is_object CHECK (jsonb_typeof(asked) = 'object'),
    CONSTRAINT ck_dry_run_dryrunstatus CHECK (status IN ('reading', 'billing', 'finished', 'failed', 'canceled'))
);
CREATE INDEX ix_dry_run_org_id_created_at ON dry_run (org_id, created_at, id);
CREATE TABLE dry_run_chunk (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    dry_run_id uuid NOT NULL,
    position bigint NOT NULL,
    plans bigint NOT NULL,
    debtors bigint NOT NULL,
    facts bytea,
    result bytea,
    different bigint,
    CONSTRAINT pk_dry_run_chunk PRIMARY KEY (id),
    CONSTRAINT uq_dry_run_chunk_dry_run_id_position UNIQUE (dry_run_id, position),
    CONSTRAINT fk_dry_run_chunk_org_id_dry_run_id FOREIGN KEY (org_id, dry_run_id)
        REFERENCES dry_run (org_id, id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    """Add the tables."""
    run_sql(_TABLES)
    touched("dry_run")
    isolate_tenants("dry_run", "dry_run_chunk")


def downgrade() -> None:
    """Take them away; a dry run is asked for again."""
    drop_tables("dry_run_chunk", "dry_run")
