-- Only the trigger adds links to the audit chain: the application role may add entries, never links.

REVOKE INSERT, UPDATE, DELETE ON audit_chain FROM billflow_app;
REVOKE EXECUTE ON FUNCTION billflow_chain_entry(uuid), billflow_chain_audit() FROM PUBLIC;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION billflow_chain_audit() SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp',
        current_schema());
END
$$;
