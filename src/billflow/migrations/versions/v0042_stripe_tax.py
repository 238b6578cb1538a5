"""Invoices that Stripe taxes: whether its tax is known, and lines that get their share of it when it is."""

from alembic import op

from billflow.migrations.ddl import append_only, run_sql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and let the tax of a line be written once, while its invoice waits for it."""
    run_sql(
        "ALTER TABLE invoice ADD COLUMN automatic_tax boolean DEFAULT false NOT NULL,"
        " ADD COLUMN tax_known boolean DEFAULT true NOT NULL",
        _FUNCTION,
        "DROP TRIGGER invoice_line_append_only ON invoice_line",
        f"CREATE TRIGGER invoice_line_append_only BEFORE UPDATE OF {_others()} OR DELETE OR TRUNCATE"
        " ON invoice_line FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_change()",
        "CREATE TRIGGER invoice_line_tax BEFORE UPDATE ON invoice_line"
        " FOR EACH ROW EXECUTE FUNCTION billflow_allow_tax()",
    )


def _others() -> str:
    """Return the columns of a line but its tax."""
    named = "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = 'invoice_line'::regclass"
    query = f"{named} AND attnum > 0 AND NOT attisdropped AND attname <> 'tax'"
    return str(op.get_bind().exec_driver_sql(query).scalar_one())


def downgrade() -> None:
    """Allow no change again; fails where Stripe's tax on an invoice isn't known yet."""
    run_sql(
        "ALTER TABLE invoice ADD CONSTRAINT ck_invoice_tax_is_known CHECK (tax_known)",
        "ALTER TABLE invoice DROP CONSTRAINT ck_invoice_tax_is_known",
        "DROP TRIGGER invoice_line_append_only ON invoice_line",
        "DROP TRIGGER invoice_line_tax ON invoice_line",
    )
    append_only("invoice_line")
    run_sql(
        "DROP FUNCTION billflow_allow_tax()",
        "ALTER TABLE invoice DROP COLUMN automatic_tax, DROP COLUMN tax_known",
    )


_FUNCTION = """
CREATE FUNCTION billflow_allow_tax() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object('tax', NEW.tax)
        AND EXISTS (SELECT FROM invoice WHERE id = OLD.invoice_id AND NOT tax_known) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Write a new row that corrects the old one.';
END
$$;
"""
