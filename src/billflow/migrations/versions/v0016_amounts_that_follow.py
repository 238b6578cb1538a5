"""What a plan renews with is kept while another tier is scheduled; lines adjust others when an end date moves."""

from billflow.migrations.ddl import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KINDS = (
    "initial_upgrade",
    "fixed_price_upgrade",
    "renewal",
    "fixed_price_renewal",
    "additional_licenses",
    "flat_discount",
)
NEW_KINDS = ("end_date_change", "credit_to_balance")


def upgrade() -> None:
    """Add the columns and the kinds of lines."""
    run_sql(
        "ALTER TABLE customer_plan ADD COLUMN licenses_without_switch bigint",
        "ALTER TABLE invoice_line ADD COLUMN adjusts_entry_id uuid",
        "ALTER TABLE invoice_line ADD CONSTRAINT fk_invoice_line_org_id_adjusts_entry_id"
        " FOREIGN KEY(org_id, adjusts_entry_id) REFERENCES license_ledger (org_id, id)",
        "CREATE INDEX ix_invoice_line_adjusts_entry_id ON invoice_line (adjusts_entry_id)"
        " WHERE adjusts_entry_id IS NOT NULL",
    )
    _allow_kinds(*KINDS, *NEW_KINDS)


def downgrade() -> None:
    """Drop them; fails where a line is of one of the new kinds, for no other kind says what it bills."""
    _allow_kinds(*KINDS)
    run_sql(
        "ALTER TABLE invoice_line DROP COLUMN adjusts_entry_id",
        "ALTER TABLE customer_plan DROP COLUMN licenses_without_switch",
    )


def _allow_kinds(*kinds: str) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    run_sql(
        "ALTER TABLE invoice_line DROP CONSTRAINT ck_invoice_line_linekind",
        f"ALTER TABLE invoice_line ADD CONSTRAINT ck_invoice_line_linekind CHECK (kind IN ({allowed}))",
    )
