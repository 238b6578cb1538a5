-- What happened.

CREATE TABLE step (
    org_id uuid NOT NULL,
    key text NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    plan_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    detail jsonb NOT NULL,
    result jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_step PRIMARY KEY (org_id, key),
    CONSTRAINT fk_step_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_step_org_id_plan_id FOREIGN KEY(org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT uq_step_sequence UNIQUE (sequence)
);

CREATE INDEX ix_step_plan_id ON step (plan_id, sequence);

CREATE TABLE audit_log (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    actor text NOT NULL,
    request_id text,
    action text NOT NULL,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    at timestamptz NOT NULL,
    detail jsonb,
    before jsonb,
    after jsonb,
    prev_hash bytea,
    hash bytea,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_log PRIMARY KEY (id),
    CONSTRAINT fk_audit_log_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_audit_log_sequence UNIQUE (sequence)
);

CREATE INDEX ix_audit_log_org_id_sequence ON audit_log (org_id, sequence);
CREATE INDEX ix_audit_log_subject ON audit_log (org_id, subject_type, subject_id, sequence);

CREATE TABLE outbox_event (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    type text NOT NULL,
    at timestamptz NOT NULL,
    customer_id uuid,
    plan_id uuid,
    invoice_id uuid,
    data jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_outbox_event PRIMARY KEY (id),
    CONSTRAINT fk_outbox_event_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_outbox_event_sequence UNIQUE (sequence)
);

CREATE INDEX ix_outbox_event_customer_id ON outbox_event (customer_id, sequence) WHERE customer_id IS NOT NULL;
CREATE INDEX ix_outbox_event_org_id_sequence ON outbox_event (org_id, sequence);
CREATE INDEX ix_outbox_event_plan_id ON outbox_event (plan_id, sequence) WHERE plan_id IS NOT NULL;

CREATE TABLE webhook_event (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    stripe_event_id text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    handled_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_webhook_event PRIMARY KEY (id),
    CONSTRAINT fk_webhook_event_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_webhook_event_stripe_event_id UNIQUE (stripe_event_id)
);

CREATE INDEX ix_webhook_event_open ON webhook_event (org_id, received_at) WHERE handled_at IS NULL;
