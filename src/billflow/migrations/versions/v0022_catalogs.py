"""Each organization has a catalogue of its own, and sells by the quarter and the half year too."""

from billflow.migrations.ddl import allow_values, append_only, drop_tables, isolate_tenants, run_files, run_sql

revision = "0022"
down_revision = "0021"

SCHEDULE = ("customer_plan", "schedule", "ck_customer_plan_schedule")


def upgrade() -> None:
    """Create the catalogues, and let plans have the schedules."""
    run_files(revision)
    append_only("catalog_version")
    isolate_tenants("catalog_version")
    _allow("annual half_yearly quarterly monthly")


def downgrade() -> None:
    """Drop them; fails where a plan renews by the quarter or the half year."""
    _allow("annual monthly")
    drop_tables("catalog_version")


def _allow(schedules: str) -> None:
    table, _, constraint = SCHEDULE
    run_sql(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    allow_values(*SCHEDULE, schedules)
