-- Signed events of Stripe's that belong to no organization; only the role of monitoring reads and writes them.

CREATE TABLE foreign_stripe_event (
    stripe_event_id text NOT NULL,
    type text NOT NULL,
    reason varchar(40) NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_foreign_stripe_event PRIMARY KEY (stripe_event_id),
    CONSTRAINT ck_foreign_stripe_event_foreignreason CHECK (reason IN ('no_customer', 'unknown_customer', 'wrong_mode'))
);

CREATE INDEX ix_foreign_stripe_event_received_at ON foreign_stripe_event (received_at);

ALTER TABLE foreign_stripe_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE foreign_stripe_event FORCE ROW LEVEL SECURITY;
CREATE POLICY watch ON foreign_stripe_event TO billflow_watch
    USING (current_user = 'billflow_watch') WITH CHECK (current_user = 'billflow_watch');
GRANT SELECT, INSERT, DELETE ON foreign_stripe_event TO billflow_watch;
