-- Whose events are they: the watch sees which organization knows a Stripe customer or invoice.

CREATE POLICY watch ON billing_account FOR SELECT TO billflow_watch USING (true);
GRANT SELECT (org_id, stripe_customer_id) ON billing_account TO billflow_watch;
GRANT SELECT (org_id, stripe_invoice_id) ON invoice TO billflow_watch;
