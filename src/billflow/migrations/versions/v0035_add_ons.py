"""Recurring add-ons: entries of the ledger that are about one, and lines over them."""

from billflow.migrations.ddl import allow_values, run_sql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_RULE = "ck_invoice_line_linekind"
_BEFORE = (
    "initial_upgrade fixed_price_upgrade renewal fixed_price_renewal additional_licenses flat_discount"
    " end_date_change credit_to_balance coupon item"
)


def upgrade() -> None:
    """Add the columns and the kinds of lines."""
    run_sql(
        "ALTER TABLE license_ledger ADD COLUMN add_on text, ADD COLUMN price bigint,"
        " ADD CONSTRAINT ck_license_ledger_add_on_has_a_price CHECK ((add_on IS NULL) = (price IS NULL))",
        f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}",
    )
    allow_values("invoice_line", "kind", _RULE, f"{_BEFORE} add_on additional_add_on add_on_end_date_change")


def downgrade() -> None:
    """Take them away; fails where an invoice has such a line."""
    run_sql(f"ALTER TABLE invoice_line DROP CONSTRAINT {_RULE}")
    allow_values("invoice_line", "kind", _RULE, _BEFORE)
    run_sql("ALTER TABLE license_ledger DROP COLUMN add_on, DROP COLUMN price")
