"""A repair and an occasion of mail take the words of the glossary: void, written off."""

from billflow.migrations.ddl import rename_value

revision = "0015"
down_revision = "0014"

REMINDERS = "reminder_before reminder_due reminder_after"
OCCASIONS = f"payment_failed action_required {REMINDERS} suspended reactivated plan_ended {{}} backfill"
MAIL = ("mail", "occasion", "ck_mail_occasion", OCCASIONS)
REPAIR = (
    "reconciliation_finding",
    "repair",
    "ck_reconciliation_finding_repair",
    "record_state collect {} delete_drafts start_plan wake_plan",
)


def upgrade() -> None:
    """Give them their new names."""
    rename_value(*MAIL, names=("let_go", "written_off"))
    rename_value(*REPAIR, names=("take_back", "void"))


def downgrade() -> None:
    """Give them their old names."""
    rename_value(*MAIL, names=("written_off", "let_go"))
    rename_value(*REPAIR, names=("void", "take_back"))
