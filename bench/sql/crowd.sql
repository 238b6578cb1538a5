-- Customers with a deployment, an account, a plan, an invoice and a ledger each; `crowd.org`, `.customers` and `.entries`.
-- Plans are monthly and billed up to now: their last `crowd.entries` renewals are in the ledger, all of them settled.
--
-- Triggers and foreign keys are off meanwhile, and indexes are built afterwards from all rows, which takes minutes for a million
-- customers instead of more than half an hour; the owner is a superuser. `tests/store/test_loaded_rows.py` compares the rows.

SET LOCAL session_replication_role = replica;

SET LOCAL maintenance_work_mem = '512MB';

UPDATE pg_index SET indisvalid = false, indisready = false
WHERE indrelid = ANY ('{realm, customer, customer_search_term, billing_account, customer_plan, license_ledger, ledger_allocation, invoice}'::regclass[]);

INSERT INTO realm (org_id, string_id, name)
SELECT current_setting('crowd.org')::uuid, 'crowd-' || n, 'Crowd ' || n
FROM generate_series(1, current_setting('crowd.customers')::int) AS n;

INSERT INTO customer (org_id, realm_id, name, email, created_at)
SELECT org_id, id, name, string_id || '@crowd.example',
    now() - current_setting('crowd.entries')::int * interval '1 month' - random() * interval '8 years'
FROM realm WHERE org_id = current_setting('crowd.org')::uuid;

-- As the trigger `customer_search` does.
INSERT INTO customer_search_term
SELECT org_id, term, id FROM customer, LATERAL billflow_search_terms(name, email) AS term
WHERE org_id = current_setting('crowd.org')::uuid;

INSERT INTO billing_account (org_id, customer_id, name, currency, is_default)
SELECT org_id, id, 'default', 'USD', true FROM customer WHERE org_id = current_setting('crowd.org')::uuid;

INSERT INTO customer_plan (
    org_id, customer_id, tier, schedule, status, currency, price_per_license, license_management, collection_method,
    billing_cycle_anchor, next_invoice_date, seats_observed_through, created_at
)
SELECT org_id, id, 'cloud_standard', 'monthly', 'active', 'USD', 800, 'automatic', 'charge_automatically',
    created_at, created_at + (1 + 12 * date_part('year', age(now(), created_at)) + date_part('month', age(now(), created_at)))
        * interval '1 month', now(), created_at
FROM customer WHERE org_id = current_setting('crowd.org')::uuid;

INSERT INTO license_ledger (
    org_id, plan_id, seq, event_time, is_renewal, licenses, licenses_at_next_renewal, step_key
)
SELECT org_id, id, n,
    billing_cycle_anchor + (12 * date_part('year', age(now(), billing_cycle_anchor))
        + date_part('month', age(now(), billing_cycle_anchor)) - current_setting('crowd.entries')::int + n) * interval '1 month',
    true, 10 + n, 10 + n, id || '/' || n
FROM customer_plan, generate_series(1, current_setting('crowd.entries')::int) AS n
WHERE org_id = current_setting('crowd.org')::uuid;

INSERT INTO ledger_allocation (org_id, entry_id, disposition, step_key)
SELECT org_id, id, 'nothing_to_bill', step_key FROM license_ledger WHERE org_id = current_setting('crowd.org')::uuid;

INSERT INTO invoice (
    org_id, plan_id, customer_id, billing_account_id, kind, status, currency, total, issued_at, collection_method,
    due_at, auto_advance, statement_descriptor, step_key, paid_at, amount_paid
)
SELECT p.org_id, p.id, p.customer_id, a.id, 'recurring', 'paid', 'USD', 8000, p.created_at, p.collection_method,
    p.created_at, true, 'BILLFLOW', p.id || '/1', p.created_at, 8000
FROM customer_plan AS p JOIN billing_account AS a ON a.customer_id = p.customer_id
WHERE p.org_id = current_setting('crowd.org')::uuid;

REINDEX TABLE realm;
REINDEX TABLE customer;
REINDEX TABLE customer_search_term;
REINDEX TABLE billing_account;
REINDEX TABLE customer_plan;
REINDEX TABLE license_ledger;
REINDEX TABLE ledger_allocation;
REINDEX TABLE invoice;
