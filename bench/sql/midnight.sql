-- Plans that are due at `midnight.due`, one for each Stripe customer in `midnight.payers`, in organization `midnight.org`.
-- Ids follow from the plan's, so that whoever replays a step knows them: `md5(plan || noun)`.

CREATE TEMP TABLE midnight ON COMMIT DROP AS
SELECT payer, n, org_id, plan_id, md5(plan_id || 'customer')::uuid AS customer_id, due - interval '1 month' AS began, due
FROM (
    SELECT payer, n, current_setting('midnight.org')::uuid AS org_id, current_setting('midnight.due')::timestamptz AS due,
        md5(current_setting('midnight.org') || current_setting('midnight.due') || n)::uuid AS plan_id
    FROM jsonb_array_elements_text(current_setting('midnight.payers')::jsonb) WITH ORDINALITY AS p (payer, n)
) AS given;

INSERT INTO realm (id, org_id, string_id, name)
SELECT md5(plan_id || 'realm')::uuid, org_id, plan_id, 'Midnight ' || n FROM midnight;

INSERT INTO customer (id, org_id, realm_id, name, email)
SELECT customer_id, org_id, md5(plan_id || 'realm')::uuid, 'Midnight ' || n, plan_id || '@midnight.example' FROM midnight;

INSERT INTO billing_account (
    id, org_id, customer_id, name, currency, is_default, stripe_customer_id, card_since
)
SELECT md5(plan_id || 'account')::uuid, org_id, customer_id, 'default', 'USD', true, payer, began FROM midnight;

INSERT INTO customer_plan (
    id, org_id, customer_id, tier, schedule, status, currency, price_per_license, license_management,
    collection_method, billing_cycle_anchor, next_invoice_date, seats_observed_through, seen_at, seen_members, seen_guests
)
SELECT plan_id, org_id, customer_id, 'cloud_standard', 'monthly', 'active', 'USD', 800, 'automatic',
    'charge_automatically', due - interval '1 year', due, began, began, 10, 0
FROM midnight;

INSERT INTO license_ledger (
    id, org_id, plan_id, seq, event_time, is_renewal, licenses, licenses_at_next_renewal, step_key
)
SELECT md5(plan_id || 'entry')::uuid, org_id, plan_id, 1, began, true, 10, 10, plan_id || '/1' FROM midnight;

INSERT INTO invoice (
    id, org_id, plan_id, customer_id, billing_account_id, kind, status, currency, total, issued_at, collection_method,
    due_at, auto_advance, statement_descriptor, step_key, paid_at, amount_paid
)
SELECT md5(plan_id || 'invoice')::uuid, org_id, plan_id, customer_id, md5(plan_id || 'account')::uuid, 'recurring', 'paid',
    'USD', 8000, began, 'charge_automatically', began, true, 'BILLFLOW', plan_id || '/1', began, 8000
FROM midnight;

INSERT INTO invoice_line (
    id, org_id, invoice_id, n, kind, description, quantity, unit_amount, amount, period_start, period_end, derivation
)
SELECT md5(plan_id || 'line')::uuid, org_id, md5(plan_id || 'invoice')::uuid, 1, 'renewal', 'Cloud Standard', 10, 800, 8000,
    began, due, '{}'
FROM midnight;

INSERT INTO ledger_allocation (entry_id, org_id, disposition, invoice_line_id, step_key)
SELECT md5(plan_id || 'entry')::uuid, org_id, 'billed', md5(plan_id || 'line')::uuid, plan_id || '/1' FROM midnight;

INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)
SELECT org_id, customer_id, due - interval '1 hour', 12, 3 FROM midnight;
