"""Cutovers: where the one of a plan stands, when it is decided, and which subscription ends for it."""

from billflow.migrations.ddl import run_sql

revision = "0055"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    run_sql(
        """
ALTER TABLE customer_plan
    ADD COLUMN cutover_status varchar(40),
    ADD COLUMN cutover_date timestamptz,
    ADD COLUMN old_subscription text,
    ADD CONSTRAINT ck_customer_plan_cutoverstatus CHECK (
        cutover_status IN ('requested', 'confirmed', 'canceling', 'canceled', 'done')
    ),
    ADD CONSTRAINT ck_customer_plan_cutover_whole CHECK (num_nonnulls(cutover_status, cutover_date) IN (0, 2))
"""
    )


def downgrade() -> None:
    """Take them away; a plan that is cut over stays so, and a cutover that is under way is decided by hand."""
    run_sql(
        "ALTER TABLE customer_plan DROP COLUMN cutover_status, DROP COLUMN cutover_date, DROP COLUMN old_subscription"
    )
