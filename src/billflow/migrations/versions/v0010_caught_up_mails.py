"""Customers are written to once about all the invoices that an outage held back."""

from billflow.migrations.ddl import run_sql

revision = "0010"
down_revision = "0009"

OCCASIONS = (
    "'payment_failed', 'action_required', 'reminder_before', 'reminder_due', 'reminder_after', 'suspended',"
    " 'reactivated', 'plan_ended', 'let_go'"
)
DROP = "ALTER TABLE mail DROP CONSTRAINT ck_mail_occasion"
ADD = "ALTER TABLE mail ADD CONSTRAINT ck_mail_occasion CHECK (occasion IN ({}))"


def upgrade() -> None:
    """Allow the new occasion."""
    run_sql(DROP, ADD.format(f"{OCCASIONS}, 'caught_up'"))


def downgrade() -> None:
    """Forget the mails of that occasion, and allow no more of them."""
    run_sql("DELETE FROM mail WHERE occasion = 'caught_up'", DROP, ADD.format(OCCASIONS))
