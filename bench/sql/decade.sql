-- A customer whose plan is due at `decade.due` after `decade.months` monthly cycles, in organization `decade.org`; all but
-- the last cycle have `decade.entries` ledger entries and `decade.invoices` invoices each, the last has one of both.

CREATE TEMP TABLE life ON COMMIT DROP AS
SELECT org_id, plan_id, months, entries, invoices, due, due - months * interval '1 month' AS anchor, 'USD' AS currency,
    gen_random_uuid() AS customer_id, gen_random_uuid() AS account_id, gen_random_uuid() AS realm_id
FROM (
    SELECT current_setting('decade.org')::uuid AS org_id, current_setting('decade.plan')::uuid AS plan_id,
        current_setting('decade.months')::int AS months, current_setting('decade.entries')::int AS entries,
        current_setting('decade.invoices')::int AS invoices, current_setting('decade.due')::timestamptz AS due
) AS given;

-- What one cycle's n-th of so many things is, and when: the last cycle has one of each kind.
CREATE TEMP TABLE billed ON COMMIT DROP AS
SELECT life.*, cycle, n, plan_id || '/' || cycle || '/' || n AS step_key, began,
    began + (n - 1) * (ends - began) / invoices AS at, ends,
    gen_random_uuid() AS invoice_id, gen_random_uuid() AS line_id
FROM life, generate_series(1, months) AS cycle,
    LATERAL (SELECT anchor + (cycle - 1) * interval '1 month' AS began, anchor + cycle * interval '1 month' AS ends) AS c,
    LATERAL generate_series(1, CASE WHEN cycle < months THEN invoices ELSE 1 END) AS n;

CREATE TEMP TABLE entry ON COMMIT DROP AS
SELECT life.*, cycle, n, (cycle - 1) * entries + n AS seq, 1 + (n - 1) * invoices / entries AS invoice_n,
    began + (n - 1) * (ends - began) / entries AS at, gen_random_uuid() AS entry_id
FROM life, generate_series(1, months) AS cycle,
    LATERAL (SELECT anchor + (cycle - 1) * interval '1 month' AS began, anchor + cycle * interval '1 month' AS ends) AS c,
    LATERAL generate_series(1, CASE WHEN cycle < months THEN entries ELSE 1 END) AS n;

INSERT INTO realm (id, org_id, string_id, name) SELECT realm_id, org_id, plan_id, 'Decade' FROM life;

INSERT INTO customer (id, org_id, realm_id, name, email, created_at)
SELECT customer_id, org_id, realm_id, 'Decade', plan_id || '@decade.example', anchor FROM life;

INSERT INTO billing_account (id, org_id, customer_id, name, currency, is_default, stripe_customer_id, card_since)
SELECT account_id, org_id, customer_id, 'default', currency, true, 'cus_' || plan_id, anchor FROM life;

INSERT INTO customer_plan (
    id, org_id, customer_id, tier, schedule, status, currency, price_per_license, license_management,
    collection_method, billing_cycle_anchor, next_invoice_date, seats_observed_through, seen_at, seen_members, seen_guests,
    version, created_at
)
SELECT plan_id, org_id, customer_id, 'cloud_standard', 'monthly', 'active', currency, 800, 'automatic',
    'charge_automatically', anchor, due, due - interval '1 month', due - interval '1 month', 10, 0, months * invoices, anchor
FROM life;

INSERT INTO license_ledger (
    id, org_id, plan_id, seq, event_time, is_renewal, licenses, licenses_at_next_renewal, step_key
)
SELECT entry_id, org_id, plan_id, seq, at, n = 1, 10, 10, plan_id || '/' || cycle || '/' || invoice_n FROM entry;

INSERT INTO invoice (
    id, org_id, plan_id, customer_id, billing_account_id, kind, status, number, currency, total, issued_at,
    collection_method, due_at, auto_advance, statement_descriptor, step_key, paid_at, amount_paid, balance_applied,
    sent_first_at, attempts, stripe_invoice_id, created_at
)
SELECT invoice_id, org_id, plan_id, customer_id, account_id,
    CASE WHEN cycle = 1 AND n = 1 THEN 'purchase' ELSE 'recurring' END, 'paid', plan_id || '-' || cycle || '-' || n,
    currency, 8000, at, 'charge_automatically', at, true, 'BILLFLOW', step_key, at, 7900, 100, at, 1, 'in_' || invoice_id, at
FROM billed;

INSERT INTO invoice_line (
    id, org_id, invoice_id, n, kind, description, quantity, unit_amount, amount, period_start, period_end, derivation
)
SELECT line_id, org_id, invoice_id, 1, CASE WHEN n = 1 THEN 'renewal' ELSE 'additional_licenses' END, 'Cloud Standard',
    10, 800, 8000, at, ends,
    jsonb_build_object('price', 800, 'quantity', 10, 'period', jsonb_build_object('start', at, 'end', ends))
FROM billed;

INSERT INTO ledger_allocation (entry_id, org_id, disposition, invoice_line_id, step_key)
SELECT entry.entry_id, entry.org_id, 'billed', billed.line_id, billed.step_key
FROM entry JOIN billed ON billed.cycle = entry.cycle AND billed.n = entry.invoice_n;

INSERT INTO payment_attempt (org_id, invoice_id, n, outcome, at) SELECT org_id, invoice_id, 1, '{"kind": "paid"}', at FROM billed;

-- Each invoice was preceded by a credit, which it used up.
INSERT INTO credit (org_id, customer_id, plan_id, amount, currency, reason, step_key, at, created_at)
SELECT org_id, customer_id, plan_id, 100, currency, 'downgrade', step_key, at, at FROM billed;

INSERT INTO credit_posting (credit_id, org_id, billing_account_id, stripe_balance_transaction_id)
SELECT credit.id, life.org_id, life.account_id, 'cbtxn_' || credit.id FROM credit JOIN life USING (plan_id);

INSERT INTO credit (org_id, customer_id, plan_id, invoice_id, amount, currency, reason, step_key, at, created_at)
SELECT org_id, customer_id, plan_id, invoice_id, -100, currency, 'applied_to_invoice', 'invoice/' || invoice_id, at, at
FROM billed;

INSERT INTO step (org_id, key, plan_id, kind, at, actor, detail, result)
SELECT org_id, step_key, plan_id, 'close_cycle', at, 'system', '{}',
    jsonb_build_object('state', jsonb_build_object('version', row_number() OVER (ORDER BY at)))
FROM billed ORDER BY at;

INSERT INTO audit_log (org_id, actor, action, subject_type, subject_id, at, detail, created_at)
SELECT org_id, 'system', 'plan.close_cycle', 'plan', plan_id, at, '{}', at FROM billed ORDER BY at;

INSERT INTO outbox_event (org_id, type, at, customer_id, plan_id, invoice_id, data, created_at)
SELECT org_id, 'invoice.created', at, customer_id, plan_id, invoice_id, '{}', at FROM billed ORDER BY at;

INSERT INTO plan_notice (org_id, plan_id, occasion, due_at, at, data, mailed_at)
SELECT org_id, plan_id, 'invoice.upcoming', at, at, '{}', at FROM billed;

INSERT INTO mail (org_id, customer_id, invoice_id, key, occasion, language, recipient, subject, body, at)
SELECT org_id, customer_id, invoice_id, invoice_id, 'payment_failed', 'en', 'a@decade.example', '', '', at FROM billed;

INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)
SELECT org_id, customer_id, at, 10, 0 FROM entry;

INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)
SELECT org_id, customer_id, due - interval '1 hour', 12, 3 FROM life;
