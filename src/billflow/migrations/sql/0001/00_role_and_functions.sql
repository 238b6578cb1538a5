-- The role every transaction takes on, and what triggers do.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billflow_app') THEN
        CREATE ROLE billflow_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of the server was migrated at this moment
END
$$;

DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'billflow_app', 'USAGE') THEN
        EXECUTE format('GRANT billflow_app TO %I', current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO billflow_app', current_schema());
END
$$;

CREATE FUNCTION billflow_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Write a new row that corrects the old one.';
END
$$;

CREATE FUNCTION billflow_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
