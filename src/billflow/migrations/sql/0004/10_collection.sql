ALTER TABLE org ADD COLUMN livemode boolean DEFAULT false NOT NULL;
ALTER TABLE billing_account ADD COLUMN stripe_payment_method_id text;
ALTER TABLE invoice
    ADD COLUMN next_action varchar(40),
    ADD COLUMN customer_suspended_at timestamptz,
    ADD COLUMN attention text,
    ADD CONSTRAINT ck_invoice_dunningaction CHECK (
        next_action IN ('retry', 'remind', 'await_customer', 'suspend_customer', 'end_plan', 'mark_uncollectible'));

CREATE TABLE credit_note (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    n bigint NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    before_payment bigint NOT NULL,
    refund_amount bigint NOT NULL,
    balance_amount bigint NOT NULL,
    reason varchar(40) NOT NULL,
    memo text,
    key text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_credit_note PRIMARY KEY (id),
    CONSTRAINT fk_credit_note_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id),
    CONSTRAINT uq_credit_note_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_credit_note_org_id_key UNIQUE (org_id, key),
    CONSTRAINT uq_credit_note_invoice_id_n UNIQUE (invoice_id, n),
    CONSTRAINT ck_credit_note_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_credit_note_parts_add_up CHECK (amount > 0 AND amount = before_payment + refund_amount + balance_amount AND least(before_payment, refund_amount, balance_amount) >= 0),
    CONSTRAINT ck_credit_note_creditreason CHECK (reason IN ('duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory'))
);

CREATE TABLE credit_note_line (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    credit_note_id uuid NOT NULL,
    invoice_line_id uuid NOT NULL,
    amount bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_credit_note_line PRIMARY KEY (id),
    CONSTRAINT fk_credit_note_line_org_id_credit_note_id FOREIGN KEY(org_id, credit_note_id) REFERENCES credit_note (org_id, id),
    CONSTRAINT fk_credit_note_line_org_id_invoice_line_id FOREIGN KEY(org_id, invoice_line_id) REFERENCES invoice_line (org_id, id),
    CONSTRAINT uq_credit_note_line_credit_note_id_invoice_line_id UNIQUE (credit_note_id, invoice_line_id),
    CONSTRAINT ck_credit_note_line_amount_positive CHECK (amount > 0)
);

CREATE TABLE refund (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    credit_note_id uuid,
    currency text NOT NULL,
    amount bigint NOT NULL,
    reason varchar(40),
    key text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_refund PRIMARY KEY (id),
    CONSTRAINT fk_refund_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id),
    CONSTRAINT fk_refund_org_id_credit_note_id FOREIGN KEY(org_id, credit_note_id) REFERENCES credit_note (org_id, id),
    CONSTRAINT uq_refund_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_refund_org_id_key UNIQUE (org_id, key),
    CONSTRAINT ck_refund_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_refund_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_refund_refundreason CHECK (reason IN ('duplicate', 'fraudulent', 'requested_by_customer'))
);

CREATE INDEX ix_refund_invoice_id ON refund (invoice_id);

CREATE TABLE settlement_answer (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    credit_note_id uuid,
    refund_id uuid,
    status varchar(40) NOT NULL,
    stripe_id text,
    message text,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_settlement_answer PRIMARY KEY (id),
    CONSTRAINT fk_settlement_answer_org_id_credit_note_id FOREIGN KEY(org_id, credit_note_id) REFERENCES credit_note (org_id, id),
    CONSTRAINT fk_settlement_answer_org_id_refund_id FOREIGN KEY(org_id, refund_id) REFERENCES refund (org_id, id),
    CONSTRAINT ck_settlement_answer_one_subject CHECK (num_nonnulls(credit_note_id, refund_id) = 1),
    CONSTRAINT uq_settlement_answer_sequence UNIQUE (sequence),
    CONSTRAINT ck_settlement_answer_settlementstatus CHECK (status IN ('asked', 'pending', 'succeeded', 'failed', 'rejected'))
);

CREATE INDEX ix_settlement_answer_credit_note_id ON settlement_answer (credit_note_id, sequence);
CREATE INDEX ix_settlement_answer_refund_id ON settlement_answer (refund_id, sequence);
CREATE INDEX ix_settlement_answer_stripe_id ON settlement_answer (org_id, stripe_id);

CREATE TABLE dispute (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    stripe_event_id text NOT NULL,
    stripe_dispute_id text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_dispute PRIMARY KEY (id),
    CONSTRAINT fk_dispute_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_dispute_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id),
    CONSTRAINT uq_dispute_stripe_event_id UNIQUE (stripe_event_id)
);

CREATE INDEX ix_dispute_invoice_id ON dispute (invoice_id);

CREATE TABLE dunning_policy (
    org_id uuid NOT NULL,
    policy jsonb NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_dunning_policy PRIMARY KEY (org_id),
    CONSTRAINT fk_dunning_policy_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT ck_dunning_policy_policy_is_object CHECK (jsonb_typeof(policy) = 'object')
);

CREATE TABLE mail (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    key text NOT NULL,
    occasion varchar(40) NOT NULL,
    language text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    at timestamptz NOT NULL,
    sent_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_mail PRIMARY KEY (id),
    CONSTRAINT fk_mail_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_mail_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id),
    CONSTRAINT uq_mail_org_id_key UNIQUE (org_id, key),
    CONSTRAINT ck_mail_occasion CHECK (occasion IN ('payment_failed', 'action_required', 'reminder_before', 'reminder_due', 'reminder_after', 'suspended', 'reactivated', 'plan_ended', 'let_go'))
);

CREATE INDEX ix_mail_invoice_id ON mail (invoice_id);
CREATE INDEX ix_mail_org_id_created_at ON mail (org_id, created_at, id);
