"""Rows of every kind that is deleted by its age, for an organization with a plan, and a database that became old."""

from typing import LiteralString

import psycopg
from psycopg import sql

UNTOUCHED = ("audit_log", "audit_chain")
"""What a chain of hashes holds together."""

_ROWS: LiteralString = """
    INSERT INTO idempotency_key (org_id, key, fingerprint, holder, held_until, expires_at)
    VALUES (%(org)s, 'old', sha256('x'), gen_random_uuid(), now(), now() + interval '30 days');

    INSERT INTO webhook_event (org_id, stripe_event_id, type, payload, received_at, handled_at)
    VALUES (%(org)s, 'evt_old', 'invoice.paid', '{}', now(), now());

    INSERT INTO foreign_stripe_event (stripe_event_id, type, reason, payload, received_at)
    VALUES ('evt_foreign', 'invoice.paid', 'no_customer', '{}', now());

    WITH run AS (
        INSERT INTO dry_run (org_id, key, asked, change, status, created_by, kept_until)
        VALUES (%(org)s, 'old', '{}', '', 'finished', 'tester', now()) RETURNING *)
    INSERT INTO dry_run_chunk (org_id, dry_run_id, position, plans, debtors) SELECT org_id, id, 1, 1, 0 FROM run;

    WITH invoice AS (
        INSERT INTO computed_invoice (org_id, plan_id, customer_id, kind, currency, total, tax, tax_inclusive,
                                      automatic_tax, invoice_date, step_key)
        SELECT org_id, id, customer_id, 'recurring', 'USD', 800, 0, false, false, now(), 'old'
        FROM customer_plan WHERE org_id = %(org)s RETURNING *)
    INSERT INTO computed_invoice_line (org_id, computed_invoice_id, n, kind, description, quantity, unit_amount,
                                       amount, period_start, period_end, derivation, tax)
    SELECT org_id, id, 1, 'renewal', 'Cloud Standard', 1, 800, 800, now(), now(), '{}', 0 FROM invoice;

    WITH batch AS (
        INSERT INTO plan_batch (org_id, key, command, plans, status, created_by)
        VALUES (%(org)s, 'old', '{}', '{}', 'finished', 'tester') RETURNING *)
    INSERT INTO plan_batch_item (org_id, plan_batch_id, position, plan_id, status)
    SELECT batch.org_id, batch.id, 1, customer_plan.id, 'done' FROM batch JOIN customer_plan USING (org_id);

    WITH run AS (
        INSERT INTO reconciliation_run (org_id, workflow_run_id, repair, started_at)
        SELECT %(org)s, 'run ' || n, false, now() - n * interval '1 day' FROM generate_series(0, 1) AS n RETURNING *),
    finding AS (
        INSERT INTO reconciliation_finding (org_id, run_id, kind, severity, subject_id, message)
        SELECT org_id, id, 'wrong_amount', 'critical', 'in_1', '' FROM run),
    invoice AS (
        INSERT INTO reconciliation_stripe_invoice (
            org_id, run_id, stripe_invoice_id, invoice_id, status, total, currency)
        SELECT org_id, id, 'in_1', '', 'paid', 1, 'usd' FROM run)
    INSERT INTO reconciliation_stripe_customer (org_id, run_id, stripe_customer_id, balance)
    SELECT org_id, id, 'cus_1', 0 FROM run;

    INSERT INTO seat_member (org_id, customer_id, member_hash, since, until, is_guest)
    SELECT org_id, customer_id, n, now() - interval '1 day', CASE n WHEN 'left' THEN now() END, false
    FROM customer_plan, unnest(ARRAY['left', 'there']) AS n WHERE org_id = %(org)s;

    WITH endpoint AS (
        INSERT INTO webhook_endpoint (org_id, url, event_types, secret)
        VALUES (%(org)s, 'https://a.example', '{}', 's') RETURNING *),
    message AS (
        INSERT INTO webhook_message (org_id, endpoint_id, event_id, sequence, status)
        SELECT endpoint.org_id, endpoint.id, event.id, event.sequence, 'delivered'
        FROM endpoint JOIN outbox_event AS event USING (org_id) RETURNING *)
    INSERT INTO event_delivery (org_id, message_id, endpoint_id, event_id, attempt, outcome, duration_ms, at)
    SELECT org_id, id, endpoint_id, event_id, 1, 'delivered', 1, now() FROM message;

    DELETE FROM outbox_pending WHERE org_id = %(org)s;

    UPDATE customer_plan SET version = version + 1 WHERE org_id = %(org)s
"""
_MOMENTS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'timestamp with time zone'"""


def write_rows(url: str, org_id: str) -> None:
    """Write rows of every kind that is deleted by its age, of an organization that has customers with plans."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('billflow.org_id', %s, true)", [org_id])
        for statement in _ROWS.split(";\n"):
            connection.execute(statement, {"org": org_id} if "%(org)s" in statement else None)


def grow_old(url: str, years: int) -> None:
    """Move everything that a database has so many years into the past, all but the audit log."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(_MOMENTS).fetchall():
            columns.setdefault(table, []).append(column)
        for table in sorted(columns.keys() - {*UNTOUCHED}):
            older = sql.SQL("{0} = {0} - make_interval(years => {1})")
            moved = sql.SQL(", ").join(older.format(sql.Identifier(one), sql.Literal(years)) for one in columns[table])
            connection.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(table), moved))


def digests(url: str) -> dict[str, str]:
    """Return a digest of all rows of each table."""
    digest = sql.SQL("SELECT md5(coalesce(string_agg(held::text, '|' ORDER BY held::text), '')) FROM {} AS held")
    with psycopg.connect(url) as connection:
        tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        names = [name for (name,) in connection.execute(tables).fetchall()]
        found = {name: connection.execute(digest.format(sql.Identifier(name))).fetchone() for name in names}
    return {name: str(row[0]) for name, row in found.items() if row}
