-- What was billed and collected.

CREATE TABLE invoice (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    billing_account_id uuid NOT NULL,
    kind varchar(40) NOT NULL,
    status varchar(40) DEFAULT 'draft' NOT NULL,
    number text,
    currency text NOT NULL,
    total bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    collection_method varchar(40) NOT NULL,
    days_until_due bigint,
    due_at timestamptz NOT NULL,
    auto_advance boolean NOT NULL,
    statement_descriptor text NOT NULL,
    flat_discount_months bigint DEFAULT '0' NOT NULL,
    licenses bigint,
    stripe_invoice_id text,
    hosted_invoice_url text,
    amount_due bigint,
    amount_paid bigint DEFAULT '0' NOT NULL,
    paid_at timestamptz,
    voided_at timestamptz,
    sent_first_at timestamptz,
    attempts bigint DEFAULT '0' NOT NULL,
    next_attempt_at timestamptz,
    last_outcome jsonb,
    step_key text NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_invoice PRIMARY KEY (id),
    CONSTRAINT fk_invoice_org_id_plan_id FOREIGN KEY(org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT fk_invoice_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_invoice_org_id_billing_account_id
        FOREIGN KEY(org_id, billing_account_id) REFERENCES billing_account (org_id, id),
    CONSTRAINT uq_invoice_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_invoice_stripe_invoice_id UNIQUE (stripe_invoice_id),
    CONSTRAINT ck_invoice_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_invoice_paid_when CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CONSTRAINT ck_invoice_voided_when CHECK (status <> 'void' OR voided_at IS NOT NULL),
    CONSTRAINT ck_invoice_invoicekind CHECK (kind IN ('purchase', 'trial_purchase', 'recurring')),
    CONSTRAINT ck_invoice_invoicestatus CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    CONSTRAINT ck_invoice_collectionmethod CHECK (collection_method IN ('charge_automatically', 'send_invoice'))
);

CREATE INDEX ix_invoice_customer_id_status ON invoice (customer_id, status);
CREATE INDEX ix_invoice_next_attempt_at ON invoice (org_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX ix_invoice_org_id_issued_at ON invoice (org_id, issued_at, id);
CREATE INDEX ix_invoice_plan_id ON invoice (plan_id, issued_at);
CREATE INDEX ix_invoice_unsettled ON invoice (org_id, due_at) WHERE status IN ('draft', 'open');

CREATE TABLE invoice_line (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    n bigint NOT NULL,
    kind varchar(40) NOT NULL,
    description text NOT NULL,
    quantity bigint NOT NULL,
    unit_amount bigint NOT NULL,
    amount bigint NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    derivation jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_invoice_line PRIMARY KEY (id),
    CONSTRAINT fk_invoice_line_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id),
    CONSTRAINT uq_invoice_line_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_invoice_line_invoice_id_n UNIQUE (invoice_id, n),
    CONSTRAINT ck_invoice_line_amount_is_quantity_times_unit CHECK (amount = quantity * unit_amount),
    CONSTRAINT ck_invoice_line_period_in_order CHECK (period_start <= period_end),
    CONSTRAINT ck_invoice_line_linekind
        CHECK (kind IN ('initial_upgrade', 'fixed_price_upgrade', 'renewal', 'fixed_price_renewal', 'additional_licenses',
        'flat_discount'))
);

CREATE TABLE payment_attempt (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    n bigint NOT NULL,
    outcome jsonb NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_payment_attempt PRIMARY KEY (id),
    CONSTRAINT fk_payment_attempt_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id),
    CONSTRAINT uq_payment_attempt_invoice_id_n UNIQUE (invoice_id, n)
);

CREATE TABLE ledger_settlement (
    org_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    disposition varchar(40) NOT NULL,
    invoice_line_id uuid,
    step_key text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_ledger_settlement PRIMARY KEY (entry_id),
    CONSTRAINT fk_ledger_settlement_org_id_entry_id
        FOREIGN KEY(org_id, entry_id) REFERENCES license_ledger (org_id, id),
    CONSTRAINT fk_ledger_settlement_org_id_invoice_line_id
        FOREIGN KEY(org_id, invoice_line_id) REFERENCES invoice_line (org_id, id),
    CONSTRAINT ck_ledger_settlement_disposition
        CHECK (disposition IN ('billed', 'nothing_to_bill', 'forgiven', 'trial'))
);

CREATE INDEX ix_ledger_settlement_invoice_line_id ON ledger_settlement (invoice_line_id);

CREATE TABLE credit (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    plan_id uuid,
    amount bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    step_key text NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_credit PRIMARY KEY (id),
    CONSTRAINT fk_credit_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_credit_org_id_plan_id FOREIGN KEY(org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT ck_credit_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_credit_amount_not_zero CHECK (amount <> 0)
);

CREATE INDEX ix_credit_customer_id ON credit (customer_id);
CREATE UNIQUE INDEX uq_credit_step ON credit (org_id, step_key, plan_id) WHERE plan_id IS NOT NULL;

ALTER TABLE customer_plan
    ADD CONSTRAINT fk_customer_plan_org_id_awaiting_invoice_id FOREIGN KEY(org_id, awaiting_invoice_id)
    REFERENCES invoice (org_id, id) DEFERRABLE INITIALLY DEFERRED;
