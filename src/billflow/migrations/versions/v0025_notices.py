"""What customers are told ahead, once per occasion, and mails of it."""

from billflow.migrations.ddl import allow_values, drop_tables, isolate_tenants, run_sql, touched

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_RULE = "ck_mail_occasion"
_BEFORE = (
    "payment_failed action_required reminder_before reminder_due reminder_after suspended reactivated plan_ended"
    " written_off backfill"
)


def upgrade() -> None:
    """Add the table."""
    change = "ALTER TABLE mail ALTER COLUMN invoice_id DROP NOT NULL"
    run_sql(_TABLE, f"{change}, DROP CONSTRAINT {_RULE}")
    allow_values("mail", "occasion", _RULE, f"{_BEFORE} trial_will_end invoice_upcoming plan_will_renew")
    touched("plan_notice")
    isolate_tenants("plan_notice")


def downgrade() -> None:
    """Take it away, and the mails that told ahead."""
    run_sql(
        "ALTER TABLE mail NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM mail WHERE invoice_id IS NULL",
        "ALTER TABLE mail FORCE ROW LEVEL SECURITY",
        "ALTER TABLE mail ALTER COLUMN invoice_id SET NOT NULL",
        f"ALTER TABLE mail DROP CONSTRAINT {_RULE}",
    )
    allow_values("mail", "occasion", _RULE, _BEFORE)
    drop_tables("plan_notice")


_TABLE = """
CREATE TABLE plan_notice (
    org_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    occasion varchar(40) NOT NULL,
    due_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL,
    mailed_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_plan_notice PRIMARY KEY (plan_id, occasion, due_at),
    CONSTRAINT fk_plan_notice_org_id_plan_id FOREIGN KEY(org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT ck_plan_notice_noticeoccasion
        CHECK (occasion IN ('plan.trial_will_end', 'invoice.upcoming', 'plan.will_renew'))
);

CREATE INDEX ix_plan_notice_unmailed ON plan_notice (org_id) WHERE mailed_at IS NULL;
"""
