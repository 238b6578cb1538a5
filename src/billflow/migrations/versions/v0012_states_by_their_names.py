"""States and occasions carry the names that people are shown."""

from billflow.migrations.ddl import allow_values, rename_value, run_sql

revision = "0012"
down_revision = "0011"

ONBOARDING = ("onboarding", "status", "ck_onboarding_onboardingstatus", "running done {} failed")
OCCASIONS = (
    "payment_failed action_required reminder_before reminder_due reminder_after suspended reactivated plan_ended let_go"
)
MAIL = ("mail", "occasion", "ck_mail_occasion", f"{OCCASIONS} {{}}")
ADJUSTED = "{} pending succeeded failed rejected"


def upgrade() -> None:
    """Give them their new names; an adjustment that is only requested has no row with a status yet."""
    rename_value(*ONBOARDING, names=("parked", "on_hold"))
    rename_value(*MAIL, names=("caught_up", "backfill"))
    run_sql("ALTER TABLE settlement_answer DROP CONSTRAINT ck_settlement_answer_settlementstatus")
    allow_values("settlement_answer", "status", "ck_settlement_answer_adjustmentstatus", ADJUSTED.format("requested"))


def downgrade() -> None:
    """Give them their old names."""
    rename_value(*ONBOARDING, names=("on_hold", "parked"))
    rename_value(*MAIL, names=("backfill", "caught_up"))
    run_sql("ALTER TABLE settlement_answer DROP CONSTRAINT ck_settlement_answer_adjustmentstatus")
    allow_values("settlement_answer", "status", "ck_settlement_answer_settlementstatus", ADJUSTED.format("asked"))
