"""How organizations tax, in versions; lines over tax, each line's share of it, and what of it went back."""

from billflow.migrations.ddl import allow_values, append_only, drop_tables, isolate_tenants, run_files, run_sql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_RULE = "ck_invoice_line_linekind"
_BEFORE = (
    "initial_upgrade fixed_price_upgrade renewal fixed_price_renewal additional_licenses flat_discount"
    " end_date_change credit_to_balance coupon item add_on additional_add_on add_on_end_date_change"
)


def upgrade() -> None:
    """Add the table, the columns and the kind of line."""
    run_sql(f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}")
    allow_values("invoice_line", "kind", _RULE, f"{_BEFORE} tax")
    run_files(revision)
    append_only("tax_version")
    isolate_tenants("tax_version")


def downgrade() -> None:
    """Take them away; fails where an invoice has such a line."""
    drop_tables("tax_version")
    run_sql(
        "ALTER TABLE refund DROP COLUMN taxes",
        "ALTER TABLE credit_note DROP COLUMN taxes",
        "ALTER TABLE invoice_line DROP COLUMN tax, DROP COLUMN applied_tax",
        "ALTER TABLE invoice DROP COLUMN tax, DROP COLUMN tax_inclusive",
        "ALTER TABLE customer DROP COLUMN tax_exempt",
        f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}",
    )
    allow_values("invoice_line", "kind", _RULE, _BEFORE)
