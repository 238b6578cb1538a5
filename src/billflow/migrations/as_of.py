"""The views of all tables as of a moment, made anew after the tables changed.

They have the names of the tables in a schema of their own, which `Database.as_of` looks into in place of theirs.
"""

from sqlalchemy import Connection

_VIEWS = r"""
DO $$
DECLARE
    tables text := current_schema();
    views text := current_schema() || '_as_of';
    moment constant text := '(SELECT current_setting(''billflow.as_of'')::timestamptz)';
    -- Of these alone rows are deleted.
    deleted constant text[] := ARRAY['billing_account', 'customer_contact'];
    -- No row changes these, so that the tables' own indexes find it by them.
    fixed constant text[] := ARRAY['id', 'org_id', 'customer_id', 'plan_id', 'invoice_id', 'issued_at', 'created_at'];
    view text;
    found record;
BEGIN
    IF to_regclass(format('%I.row_version', tables)) IS NULL THEN
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', views);
        RETURN;
    END IF;
    IF to_regnamespace(quote_ident(views)) IS NULL THEN
        IF NOT has_database_privilege(current_database(), 'CREATE') THEN
            RETURN;
        END IF;
        EXECUTE format('CREATE SCHEMA %I', views);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO billflow_app', views);
    FOR found IN
        SELECT relname AS name,
            string_agg('present.' || quote_ident(attname), ', ' ORDER BY attnum) AS present,
            string_agg(CASE WHEN attname = 'id' THEN 'version.row_id AS id'
                WHEN attname IN ('org_id', 'customer_id') THEN 'version.' || attname
                ELSE 'former.' || quote_ident(attname) END, ', ' ORDER BY attnum) AS former,
            string_agg(CASE WHEN attname = ANY (fixed) THEN 'present.' || attname
                ELSE format('CASE WHEN version.row_id IS NULL THEN present.%1$I ELSE former.%1$I END AS %1$I', attname)
                END, ', ' ORDER BY attnum) AS either,
            bool_or(EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid AND tgname = relname || '_versions'))
                AS is_versioned
        FROM pg_class relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
        WHERE relnamespace = to_regnamespace(quote_ident(tables)) AND relkind = 'r'
            AND (relname = 'customer_key' OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid
                AND tgname IN (relname || '_versions', relname || '_append_only')))
        GROUP BY relname
    LOOP
        view := CASE
            WHEN NOT found.is_versioned THEN
                'SELECT {present} FROM {tables}.{table} present WHERE created_at <= {moment}'
            WHEN found.name = ANY (deleted) THEN
                'SELECT {present} FROM {tables}.{table} present'
                ' WHERE created_at <= {moment} AND updated_at <= {moment}'
                ' UNION ALL SELECT {former} FROM {tables}.row_version version'
                ' CROSS JOIN LATERAL jsonb_populate_record(NULL::{tables}.{table}, version.content) former'
                ' WHERE table_name = {name} AND version.since <= {moment} AND version.until > {moment}'
            ELSE
                'SELECT {either} FROM {tables}.{table} present'
                ' LEFT JOIN {tables}.row_version version ON version.row_id = present.id'
                ' AND version.since <= {moment} AND version.until > {moment}'
                ' LEFT JOIN LATERAL jsonb_populate_record(NULL::{tables}.{table}, version.content) former ON true'
                ' WHERE present.created_at <= {moment}'
        END;
        view := replace(replace(replace(view, '{present}', found.present), '{former}', found.former), '{either}',
            found.either);
        view := replace(replace(replace(view, '{tables}', quote_ident(tables)), '{table}', quote_ident(found.name)),
            '{name}', quote_literal(found.name));
        EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker = true) AS ', views, found.name)
            || replace(view, '{moment}', moment);
        EXECUTE format('GRANT SELECT ON %I.%I TO billflow_app', views, found.name);
    END LOOP;
END
$$
"""
_NO_VIEWS = """
DO $$
DECLARE
    found regclass;
BEGIN
    FOR found IN SELECT oid FROM pg_class
        WHERE relkind = 'v' AND relnamespace = to_regnamespace(quote_ident(current_schema() || '_as_of'))
    LOOP
        EXECUTE format('DROP VIEW %s', found);
    END LOOP;
END
$$
"""


def drop_views(connection: Connection) -> None:
    """Let tables be changed that the views read."""
    connection.exec_driver_sql(_NO_VIEWS, execution_options={"no_parameters": True})


def create_views(connection: Connection) -> None:
    """Show each table whose former rows are known, and no other; none where the login may create no schema."""
    connection.exec_driver_sql(_VIEWS, execution_options={"no_parameters": True})
