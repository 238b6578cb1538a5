-- What was bought, and what became of it.

CREATE TABLE test_clock (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    now_at timestamptz NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_test_clock PRIMARY KEY (id),
    CONSTRAINT fk_test_clock_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_test_clock_org_id_id UNIQUE (org_id, id)
);

CREATE TABLE customer_plan_offer (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    tier text NOT NULL,
    status varchar(40) DEFAULT 'open' NOT NULL,
    currency text NOT NULL,
    fixed_price bigint,
    monthly_discounted_price bigint,
    annual_discounted_price bigint,
    minimum_licenses bigint,
    collection_method varchar(40) DEFAULT 'charge_automatically' NOT NULL,
    days_until_due bigint,
    sent_invoice_id text,
    expires_at timestamptz,
    settled_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_customer_plan_offer PRIMARY KEY (id),
    CONSTRAINT fk_customer_plan_offer_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT uq_customer_plan_offer_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_customer_plan_offer_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_customer_plan_offer_prices
        CHECK (least(fixed_price, monthly_discounted_price, annual_discounted_price) >= 0),
    CONSTRAINT ck_customer_plan_offer_offerstatus CHECK (status IN ('open', 'accepted', 'withdrawn')),
    CONSTRAINT ck_customer_plan_offer_collectionmethod
        CHECK (collection_method IN ('charge_automatically', 'send_invoice'))
);

CREATE UNIQUE INDEX uq_customer_plan_offer_open ON customer_plan_offer (customer_id, tier) WHERE status = 'open';

CREATE TABLE customer_plan (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    tier text NOT NULL,
    schedule varchar(40) NOT NULL,
    status varchar(40) NOT NULL,
    currency text NOT NULL,
    price_per_license bigint,
    fixed_price bigint,
    license_management varchar(40) NOT NULL,
    collection_method varchar(40) NOT NULL,
    billing_cycle_anchor timestamptz NOT NULL,
    next_invoice_date timestamptz,
    end_date timestamptz,
    discount_percent text,
    invoicing_status varchar(40) DEFAULT 'done' NOT NULL,
    seats_observed_through timestamptz NOT NULL,
    seen_at timestamptz,
    seen_members bigint,
    seen_guests bigint,
    stale_data_notice_sent boolean DEFAULT false NOT NULL,
    review_reminder_sent boolean DEFAULT false NOT NULL,
    predecessor_id uuid,
    offer_id uuid,
    ended_at timestamptz,
    on_hold_since timestamptz,
    attention_code text,
    attention_message text,
    attention_since timestamptz,
    awaiting_invoice_id uuid,
    test_clock_id uuid,
    version bigint DEFAULT '1' NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_customer_plan PRIMARY KEY (id),
    CONSTRAINT fk_customer_plan_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_customer_plan_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_customer_plan_org_id_predecessor_id
        FOREIGN KEY(org_id, predecessor_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT fk_customer_plan_org_id_offer_id
        FOREIGN KEY(org_id, offer_id) REFERENCES customer_plan_offer (org_id, id),
    CONSTRAINT fk_customer_plan_org_id_test_clock_id
        FOREIGN KEY(org_id, test_clock_id) REFERENCES test_clock (org_id, id),
    CONSTRAINT uq_customer_plan_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_customer_plan_one_price CHECK (num_nonnulls(price_per_license, fixed_price) = 1),
    CONSTRAINT ck_customer_plan_price_not_negative CHECK (least(price_per_license, fixed_price) >= 0),
    CONSTRAINT ck_customer_plan_ended_when CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
    CONSTRAINT ck_customer_plan_attention_whole
        CHECK (num_nonnulls(attention_code, attention_message, attention_since) IN (0, 3)),
    CONSTRAINT ck_customer_plan_seen_whole CHECK (num_nonnulls(seen_at, seen_members, seen_guests) IN (0, 3)),
    CONSTRAINT ck_customer_plan_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_customer_plan_schedule CHECK (schedule IN ('annual', 'monthly')),
    CONSTRAINT ck_customer_plan_planstatus
        CHECK (status IN ('never_started', 'free_trial', 'active', 'downgrade_at_end_of_cycle', 'downgrade_at_end_of_free_trial',
        'switch_to_annual_at_end_of_cycle', 'switch_to_monthly_at_end_of_cycle', 'switch_plan_tier_at_plan_end', 'ended')),
    CONSTRAINT ck_customer_plan_licensemanagement CHECK (license_management IN ('automatic', 'manual')),
    CONSTRAINT ck_customer_plan_collectionmethod
        CHECK (collection_method IN ('charge_automatically', 'send_invoice')),
    CONSTRAINT ck_customer_plan_invoicingstatus
        CHECK (invoicing_status IN ('done', 'sending', 'initial_invoice_to_be_sent', 'needs_attention'))
);

CREATE INDEX ix_customer_plan_attention ON customer_plan (org_id) WHERE attention_code IS NOT NULL;
CREATE INDEX ix_customer_plan_customer_id ON customer_plan (customer_id);
CREATE INDEX ix_customer_plan_org_id_created_at ON customer_plan (org_id, created_at, id);
CREATE INDEX ix_customer_plan_org_id_status_next_invoice_date ON customer_plan (org_id, status, next_invoice_date);
CREATE INDEX ix_customer_plan_predecessor_id ON customer_plan (predecessor_id) WHERE predecessor_id IS NOT NULL;
CREATE INDEX ix_customer_plan_test_clock_id ON customer_plan (test_clock_id) WHERE test_clock_id IS NOT NULL;
CREATE UNIQUE INDEX uq_customer_plan_awaiting ON customer_plan (customer_id) WHERE awaiting_invoice_id IS NOT NULL;
CREATE UNIQUE INDEX uq_customer_plan_live ON customer_plan (customer_id)
    WHERE status NOT IN ('never_started', 'ended');

CREATE TABLE license_ledger (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    seq bigint NOT NULL,
    event_time timestamptz NOT NULL,
    is_renewal boolean NOT NULL,
    licenses bigint NOT NULL,
    licenses_at_next_renewal bigint NOT NULL,
    step_key text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_license_ledger PRIMARY KEY (id),
    CONSTRAINT fk_license_ledger_org_id_plan_id FOREIGN KEY(org_id, plan_id) REFERENCES customer_plan (org_id, id),
    CONSTRAINT uq_license_ledger_plan_id_seq UNIQUE (plan_id, seq),
    CONSTRAINT uq_license_ledger_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_license_ledger_seq_positive CHECK (seq > 0),
    CONSTRAINT ck_license_ledger_licenses_not_negative CHECK (licenses >= 0 AND licenses_at_next_renewal >= 0)
);

CREATE INDEX ix_license_ledger_renewals ON license_ledger (plan_id, seq) WHERE is_renewal;

CREATE TABLE seat_observation (
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    observed_at timestamptz NOT NULL,
    members bigint NOT NULL,
    guests bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_seat_observation PRIMARY KEY (customer_id, observed_at),
    CONSTRAINT fk_seat_observation_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT ck_seat_observation_counts_not_negative CHECK (members >= 0 AND guests >= 0)
);
