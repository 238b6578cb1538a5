-- Who asks not to pay, and how far the onboarding of each new customer has come.

CREATE TABLE sponsorship_request (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    status varchar(40) DEFAULT 'pending' NOT NULL,
    organization_type text NOT NULL,
    website text,
    description text NOT NULL,
    expected_users bigint,
    decided_at timestamptz,
    decided_by text,
    reason text,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_sponsorship_request PRIMARY KEY (id),
    CONSTRAINT fk_sponsorship_request_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT ck_sponsorship_request_decided_when CHECK ((status = 'pending') = (decided_at IS NULL)),
    CONSTRAINT ck_sponsorship_request_sponsorshipstatus CHECK (status IN ('pending', 'approved', 'declined'))
);

CREATE INDEX ix_sponsorship_request_customer_id ON sponsorship_request (customer_id, created_at);
CREATE UNIQUE INDEX uq_sponsorship_request_pending ON sponsorship_request (customer_id) WHERE status = 'pending';

CREATE TABLE onboarding (
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    status varchar(40) NOT NULL,
    wishes jsonb NOT NULL,
    parts jsonb DEFAULT '{}' NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_onboarding PRIMARY KEY (customer_id),
    CONSTRAINT fk_onboarding_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT ck_onboarding_wishes_is_object CHECK (jsonb_typeof(wishes) = 'object'),
    CONSTRAINT ck_onboarding_parts_is_object CHECK (jsonb_typeof(parts) = 'object'),
    CONSTRAINT ck_onboarding_onboardingstatus CHECK (status IN ('running', 'done', 'parked', 'failed'))
);

CREATE INDEX ix_project_billing_account_id ON project (billing_account_id);
