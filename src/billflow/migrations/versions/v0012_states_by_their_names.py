"""States and occasions carry the names that people are shown."""

from billflow.migrations.ddl import run_sql

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
    _rename(*ONBOARDING, names=("parked", "on_hold"))
    _rename(*MAIL, names=("caught_up", "backfill"))
    run_sql("ALTER TABLE settlement_answer DROP CONSTRAINT ck_settlement_answer_settlementstatus")
    _allow("settlement_answer", "status", "ck_settlement_answer_adjustmentstatus", ADJUSTED.format("requested"))


def downgrade() -> None:
    """Give them their old names."""
    _rename(*ONBOARDING, names=("on_hold", "parked"))
    _rename(*MAIL, names=("backfill", "caught_up"))
    run_sql("ALTER TABLE settlement_answer DROP CONSTRAINT ck_settlement_answer_adjustmentstatus")
    _allow("settlement_answer", "status", "ck_settlement_answer_settlementstatus", ADJUSTED.format("asked"))


def _rename(table: str, column: str, constraint: str, values: str, *, names: tuple[str, str]) -> None:
    """Rename one value in the rows of every organization, which the owner does not see otherwise."""
    before, after = names
    run_sql(
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint}",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"UPDATE {table} SET {column} = '{after}' WHERE {column} = '{before}'",  # noqa: S608  (names of ours)
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    )
    _allow(table, column, constraint, values.format(after))


def _allow(table: str, column: str, constraint: str, values: str) -> None:
    allowed = ", ".join(f"'{value}'" for value in values.split())
    run_sql(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IN ({allowed}))")
