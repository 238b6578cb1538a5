-- A policy for a role holds for its members as well; only who took the role on sees the rows of all organizations.

ALTER POLICY watch ON customer_plan USING (current_user = 'billflow_watch');
ALTER POLICY watch ON invoice USING (current_user = 'billflow_watch');
ALTER POLICY watch ON webhook_event USING (current_user = 'billflow_watch');
ALTER POLICY watch ON billing_account USING (current_user = 'billflow_watch');
