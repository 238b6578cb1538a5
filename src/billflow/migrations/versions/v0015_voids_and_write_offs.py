"""A repair and an occasion of mail take the words of the glossary: void, written off."""

from billflow.migrations.ddl import run_sql

revision = "0015"
down_revision = "0014"

REPAIRS = "record_state collect {} delete_drafts start_plan wake_plan"
OCCASIONS = (
    "payment_failed action_required reminder_before reminder_due reminder_after suspended reactivated plan_ended {}"
    " backfill"
)


def upgrade() -> None:
    """Give them their new names."""
    _rename("mail", "occasion", OCCASIONS, names=("let_go", "written_off"))
    _rename("reconciliation_finding", "repair", REPAIRS, names=("take_back", "void"))


def downgrade() -> None:
    """Give them their old names."""
    _rename("mail", "occasion", OCCASIONS, names=("written_off", "let_go"))
    _rename("reconciliation_finding", "repair", REPAIRS, names=("void", "take_back"))


def _rename(table: str, column: str, values: str, *, names: tuple[str, str]) -> None:
    """Rename one value in the rows of every organization, which the owner does not see otherwise."""
    before, after = names
    allowed = ", ".join(f"'{value}'" for value in values.format(after).split())
    run_sql(
        f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{column}",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"UPDATE {table} SET {column} = '{after}' WHERE {column} = '{before}'",  # noqa: S608  (names of ours)
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({allowed}))",
    )
