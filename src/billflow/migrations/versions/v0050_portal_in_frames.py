"""Links into the portal open in frames, and are mailed."""

from billflow.migrations.ddl import allow_values, run_sql

revision = "0050"
down_revision = "0047"
branch_labels = None
depends_on = None

_RULE = "ck_mail_occasion"
_SUBJECT = "ALTER TABLE mail DROP CONSTRAINT ck_mail_one_subject, ADD CONSTRAINT ck_mail_one_subject CHECK ({})"
_ONE = "num_nonnulls(invoice_id, price_change_id, plan_id) = 1"
_BEFORE = (
    "payment_failed action_required reminder_before reminder_due reminder_after suspended reactivated plan_ended"
    " written_off backfill price_change trial_will_end invoice_upcoming plan_will_renew"
)


def upgrade() -> None:
    """Add the origin of the pages around, and mails that are about the customer alone."""
    run_sql("ALTER TABLE portal_link ADD COLUMN origin text", f"ALTER TABLE mail DROP CONSTRAINT {_RULE}")
    allow_values("mail", "occasion", _RULE, f"{_BEFORE} portal_link")
    run_sql(_SUBJECT.format(f"({_ONE}) <> (occasion = 'portal_link')"))


def downgrade() -> None:
    """Take them away: links for frames, and the mails."""
    run_sql(
        "ALTER TABLE mail NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM mail WHERE occasion = 'portal_link'",
        "ALTER TABLE mail FORCE ROW LEVEL SECURITY",
        _SUBJECT.format(_ONE),
        f"ALTER TABLE mail DROP CONSTRAINT {_RULE}",
        "ALTER TABLE portal_link NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM portal_link WHERE origin IS NOT NULL",
        "ALTER TABLE portal_link FORCE ROW LEVEL SECURITY",
        "ALTER TABLE portal_link DROP COLUMN origin",
    )
    allow_values("mail", "occasion", _RULE, _BEFORE)
