"""Erasure reaches what people wrote about money, and the answers about a customer."""

from alembic import op

from billflow.migrations.ddl import append_only, run_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXTS = {"credit": "reason", "credit_note": "memo", "refund": "out_of_band_reference"}


def upgrade() -> None:
    """Let the text of a row be erased, and nothing else of it be changed; note what answers are about."""
    run_sql("ALTER TABLE idempotency_key ADD COLUMN subjects text[]", _FUNCTION)
    for table, column in TEXTS.items():
        run_sql(
            f"DROP TRIGGER {table}_append_only ON {table}",
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OF {_others(table, column)} OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_change()",
            f"CREATE TRIGGER {table}_erasure BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION billflow_allow_erasure('{column}')",
        )


def _others(table: str, column: str) -> str:
    """Return the columns of a table but one."""
    named = "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = %s::regclass"
    query = f"{named} AND attnum > 0 AND NOT attisdropped AND attname <> %s"
    return str(op.get_bind().exec_driver_sql(query, (table, column)).scalar_one())


def downgrade() -> None:
    """Allow no change again."""
    for table in TEXTS:
        run_sql(f"DROP TRIGGER {table}_append_only ON {table}", f"DROP TRIGGER {table}_erasure ON {table}")
    append_only(*TEXTS)
    run_sql("DROP FUNCTION billflow_allow_erasure()", "ALTER TABLE idempotency_key DROP COLUMN subjects")


_FUNCTION = """
CREATE FUNCTION billflow_allow_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object(TG_ARGV[0], '[erased]')
        AND to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Write a new row that corrects the old one.';
END
$$;
"""
