-- A second role: it sees of all organizations which and how many rows wait, and no other column.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billflow_watch') THEN
        CREATE ROLE billflow_watch NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of the server was migrated at this moment
END
$$;

DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'billflow_watch', 'USAGE') THEN
        EXECUTE format('GRANT billflow_watch TO %I', current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO billflow_watch', current_schema());
END
$$;

CREATE POLICY watch ON customer_plan FOR SELECT TO billflow_watch USING (true);
CREATE POLICY watch ON invoice FOR SELECT TO billflow_watch USING (true);
CREATE POLICY watch ON webhook_event FOR SELECT TO billflow_watch USING (true);

GRANT SELECT (org_id, attention_code) ON customer_plan TO billflow_watch;
GRANT SELECT (org_id, status) ON invoice TO billflow_watch;
GRANT SELECT (org_id, received_at, handled_at) ON webhook_event TO billflow_watch;
