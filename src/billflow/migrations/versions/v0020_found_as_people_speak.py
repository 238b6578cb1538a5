"""Customers are found by any part of name or e-mail address, invoices by their number."""

from billflow.migrations.ddl import drop_tables, isolate_tenants, run_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = "customer_search_term"


def upgrade() -> None:
    """Add both, and what customers there are is found by."""
    run_sql(
        _TABLE,
        _FUNCTIONS,
        "ALTER TABLE customer NO FORCE ROW LEVEL SECURITY",
        f"INSERT INTO {TABLE} SELECT org_id, billflow_search_terms(name, email), id FROM customer"  # noqa: S608
        " WHERE deleted_at IS NULL",
        "ALTER TABLE customer FORCE ROW LEVEL SECURITY",
        "DROP INDEX ix_customer_org_id_name_key",
        "ALTER TABLE invoice ADD COLUMN number_key text GENERATED ALWAYS AS (lower(number)) STORED",
        "CREATE INDEX ix_invoice_org_id_number_key ON invoice (org_id, number_key) WHERE number_key IS NOT NULL",
    )
    isolate_tenants(TABLE)


def downgrade() -> None:
    """Take them away."""
    run_sql(
        "ALTER TABLE invoice DROP COLUMN number_key",
        "CREATE INDEX ix_customer_org_id_name_key ON customer (org_id, name_key)",
        "DROP TRIGGER customer_search ON customer",
        "DROP FUNCTION billflow_search_customer()",
        "DROP FUNCTION billflow_search_terms(text, text)",
    )
    drop_tables(TABLE)


_TABLE = """
CREATE TABLE customer_search_term (
    org_id uuid NOT NULL,
    term text COLLATE "C" NOT NULL,
    customer_id uuid NOT NULL,
    CONSTRAINT pk_customer_search_term PRIMARY KEY (org_id, term, customer_id),
    CONSTRAINT fk_customer_search_term_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id)
);
"""

_FUNCTIONS = """
CREATE FUNCTION billflow_search_terms(name text, email text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT substr(whole, n, 16) FROM (VALUES (lower(name)), (lower(email))) AS texts (whole),
        generate_series(1, length(whole)) AS n
    WHERE substr(whole, n, 1) <> ' '
$$;

CREATE FUNCTION billflow_search_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM customer_search_term AS known WHERE known.org_id = OLD.org_id AND known.customer_id = OLD.id
            AND known.term IN (SELECT billflow_search_terms(OLD.name, OLD.email));
    END IF;
    IF NEW.deleted_at IS NULL THEN
        INSERT INTO customer_search_term SELECT NEW.org_id, billflow_search_terms(NEW.name, NEW.email), NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER customer_search AFTER INSERT OR UPDATE OF name, email, deleted_at ON customer
    FOR EACH ROW EXECUTE FUNCTION billflow_search_customer();
"""
