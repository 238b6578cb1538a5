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
        SELECT relname AS name, string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns,
            string_agg(CASE
                WHEN attname = 'id' THEN 'version.row_id AS id'
                WHEN attname IN ('org_id', 'customer_id', 'plan_id', 'invoice_id') THEN 'version.' || attname
                ELSE 'former.' || quote_ident(attname)
            END, ', ' ORDER BY attnum) AS former_columns,
            bool_or(attname = 'updated_at') AS is_touched,
            bool_or(EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid AND tgname = relname || '_versions'))
                AS is_versioned
        FROM pg_class relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
        WHERE relnamespace = to_regnamespace(quote_ident(tables)) AND relkind = 'r'
            AND (relname = 'customer_key' OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid
                AND tgname IN (relname || '_versions', relname || '_append_only')))
        GROUP BY relname
    LOOP
        EXECUTE format('CREATE VIEW %1$I.%2$I WITH (security_invoker = true) AS SELECT %3$s FROM %4$I.%2$I present'
                ' WHERE created_at <= %5$s', views, found.name, found.columns, tables, moment)
            || CASE
                WHEN NOT found.is_versioned THEN ''
                ELSE CASE
                    WHEN found.is_touched THEN format(' AND updated_at <= %s', moment)
                    ELSE format(' AND NOT EXISTS (SELECT FROM %I.row_version later'
                        ' WHERE later.row_id = present.id AND later.until > %s)', tables, moment)
                END || format(' UNION ALL SELECT %1$s FROM %2$I.row_version version'
                    ' CROSS JOIN LATERAL jsonb_populate_record(NULL::%2$I.%3$I, version.content) former'
                    ' WHERE version.table_name = %3$L AND version.since <= %4$s AND version.until > %4$s',
                    found.former_columns, tables, found.name, moment)
            END;
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
