"""What customers are told ahead, once per occasion, and mails of it."""

from billflow.migrations.ddl import allow_values, drop_tables, isolate_tenants, run_sql, touched

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_RULE = "ck_mail_occasion"
_BEFORE = (
    "payment_failed action_required reminder_before reminder_due reminder_after suspended reactivated plan_ended"
    " written_off backfill price_change"
)


def upgrade() -> None:
    """Add the table."""
    run_sql(_TABLE, _MAILS, f"ALTER TABLE mail DROP CONSTRAINT {_RULE}")
    allow_values("mail", "occasion", _RULE, f"{_BEFORE} trial_will_end invoice_upcoming plan_will_renew")
    touched("plan_notice")
    isolate_tenants("plan_notice")


def downgrade() -> None:
    """Take it away, and the mails that told ahead."""
    run_sql(
        "ALTER TABLE mail NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM mail WHERE plan_id IS NOT NULL",
        "ALTER TABLE mail FORCE ROW LEVEL SECURITY",
        "ALTER TABLE mail DROP COLUMN plan_id, ADD CONSTRAINT ck_mail_one_subject"
        " CHECK (num_nonnulls(invoice_id, price_change_id) = 1)",
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

_MAILS = """
ALTER TABLE mail
    ADD COLUMN plan_id uuid,
    ADD CONSTRAINT fk_mail_org_id_plan_id FOREIGN KEY (org_id, plan_id) REFERENCES customer_plan (org_id, id),
    DROP CONSTRAINT ck_mail_one_subject,
    ADD CONSTRAINT ck_mail_one_subject CHECK (num_nonnulls(invoice_id, price_change_id, plan_id) = 1);
"""
