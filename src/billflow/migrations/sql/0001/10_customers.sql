-- Who is billed, and where.

CREATE TABLE org (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}' NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_org PRIMARY KEY (id),
    CONSTRAINT ck_org_slug_is_dns_label CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    CONSTRAINT ck_org_settings_is_object CHECK (jsonb_typeof(settings) = 'object'),
    CONSTRAINT uq_org_slug UNIQUE (slug)
);

CREATE TABLE realm (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    string_id text NOT NULL,
    name text NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_realm PRIMARY KEY (id),
    CONSTRAINT fk_realm_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_realm_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_realm_org_id_string_id UNIQUE (org_id, string_id)
);

CREATE TABLE remote_server (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    uuid uuid NOT NULL,
    hostname text NOT NULL,
    contact_email text,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_remote_server PRIMARY KEY (id),
    CONSTRAINT fk_remote_server_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_remote_server_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_remote_server_org_id_uuid UNIQUE (org_id, uuid)
);

CREATE TABLE remote_realm (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    uuid uuid NOT NULL,
    server_id uuid,
    host text NOT NULL,
    name text NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_remote_realm PRIMARY KEY (id),
    CONSTRAINT fk_remote_realm_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_remote_realm_org_id_server_id FOREIGN KEY(org_id, server_id) REFERENCES remote_server (org_id, id),
    CONSTRAINT uq_remote_realm_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_remote_realm_org_id_uuid UNIQUE (org_id, uuid)
);

CREATE TABLE customer (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    realm_id uuid,
    remote_realm_id uuid,
    remote_server_id uuid,
    name text NOT NULL,
    email text NOT NULL,
    name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED NOT NULL,
    email_key text GENERATED ALWAYS AS (lower(email)) STORED NOT NULL,
    status varchar(40) DEFAULT 'active' NOT NULL,
    suspended_at timestamptz,
    deleted_at timestamptz,
    settings jsonb DEFAULT '{}' NOT NULL,
    erp_customer_number text,
    default_currency text DEFAULT 'USD' NOT NULL,
    default_language text DEFAULT 'en-US' NOT NULL,
    billing_address jsonb,
    shipping_address jsonb,
    metadata jsonb DEFAULT '{}' NOT NULL,
    required_plan_tier text,
    monthly_discounted_price bigint DEFAULT '0' NOT NULL,
    annual_discounted_price bigint DEFAULT '0' NOT NULL,
    minimum_licenses bigint,
    exempt_from_license_number_check boolean DEFAULT false NOT NULL,
    flat_discount bigint DEFAULT '2000' NOT NULL,
    flat_discounted_months bigint DEFAULT '0' NOT NULL,
    sponsorship_pending boolean DEFAULT false NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_customer PRIMARY KEY (id),
    CONSTRAINT fk_customer_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_customer_org_id_realm_id FOREIGN KEY(org_id, realm_id) REFERENCES realm (org_id, id),
    CONSTRAINT fk_customer_org_id_remote_realm_id
        FOREIGN KEY(org_id, remote_realm_id) REFERENCES remote_realm (org_id, id),
    CONSTRAINT fk_customer_org_id_remote_server_id
        FOREIGN KEY(org_id, remote_server_id) REFERENCES remote_server (org_id, id),
    CONSTRAINT uq_customer_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_customer_realm_id UNIQUE (realm_id),
    CONSTRAINT uq_customer_remote_realm_id UNIQUE (remote_realm_id),
    CONSTRAINT uq_customer_remote_server_id UNIQUE (remote_server_id),
    CONSTRAINT ck_customer_one_deployment CHECK (num_nonnulls(realm_id, remote_realm_id, remote_server_id) = 1),
    CONSTRAINT ck_customer_suspended_since_when CHECK ((status = 'suspended') = (suspended_at IS NOT NULL)),
    CONSTRAINT ck_customer_has_name CHECK (btrim(name) <> ''),
    CONSTRAINT ck_customer_has_email CHECK (email LIKE '%_@_%'),
    CONSTRAINT ck_customer_discounts_not_negative
        CHECK (least(monthly_discounted_price, annual_discounted_price, flat_discount, flat_discounted_months) >= 0),
    CONSTRAINT ck_customer_minimum_licenses_positive CHECK (minimum_licenses > 0),
    CONSTRAINT ck_customer_default_currency_is_iso_4217 CHECK (default_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_customer_settings_is_object CHECK (jsonb_typeof(settings) = 'object'),
    CONSTRAINT ck_customer_billing_address_is_object CHECK (jsonb_typeof(billing_address) = 'object'),
    CONSTRAINT ck_customer_shipping_address_is_object CHECK (jsonb_typeof(shipping_address) = 'object'),
    CONSTRAINT ck_customer_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT ck_customer_customerstatus CHECK (status IN ('active', 'suspended', 'inactive'))
);

CREATE INDEX ix_customer_org_id_created_at ON customer (org_id, created_at, id);
CREATE INDEX ix_customer_org_id_name_key ON customer (org_id, name_key);
CREATE INDEX ix_customer_org_id_status ON customer (org_id, status);
CREATE UNIQUE INDEX uq_customer_email ON customer (org_id, email_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_customer_erp_customer_number
    ON customer (org_id, erp_customer_number)
    WHERE erp_customer_number IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE customer_contact (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    email text NOT NULL,
    email_key text GENERATED ALWAYS AS (lower(email)) STORED NOT NULL,
    name text,
    is_primary boolean DEFAULT false NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_customer_contact PRIMARY KEY (id),
    CONSTRAINT fk_customer_contact_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT uq_customer_contact_customer_id_email_key UNIQUE (customer_id, email_key),
    CONSTRAINT ck_customer_contact_has_email CHECK (email LIKE '%_@_%')
);

CREATE INDEX ix_customer_contact_org_id_email_key ON customer_contact (org_id, email_key);
CREATE UNIQUE INDEX uq_customer_contact_primary ON customer_contact (customer_id) WHERE is_primary;

CREATE TABLE billing_account (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    name text NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    stripe_customer_id text,
    currency text NOT NULL,
    collection_method varchar(40) DEFAULT 'charge_automatically' NOT NULL,
    invoice_email text,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_billing_account PRIMARY KEY (id),
    CONSTRAINT fk_billing_account_org_id_customer_id
        FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT uq_billing_account_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_billing_account_stripe_customer_id UNIQUE (stripe_customer_id),
    CONSTRAINT ck_billing_account_currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_billing_account_collectionmethod
        CHECK (collection_method IN ('charge_automatically', 'send_invoice'))
);

CREATE INDEX ix_billing_account_customer_id ON billing_account (customer_id);
CREATE UNIQUE INDEX uq_billing_account_default ON billing_account (customer_id) WHERE is_default;

CREATE TABLE project (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    billing_account_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}' NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_project PRIMARY KEY (id),
    CONSTRAINT fk_project_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_project_org_id_billing_account_id
        FOREIGN KEY(org_id, billing_account_id) REFERENCES billing_account (org_id, id),
    CONSTRAINT uq_project_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_project_customer_id_slug UNIQUE (customer_id, slug),
    CONSTRAINT ck_project_settings_is_object CHECK (jsonb_typeof(settings) = 'object')
);

CREATE TABLE channel (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    project_id uuid NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}' NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_channel PRIMARY KEY (id),
    CONSTRAINT fk_channel_org_id_project_id
        FOREIGN KEY(org_id, project_id) REFERENCES project (org_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_channel_project_id_name UNIQUE (project_id, name),
    CONSTRAINT ck_channel_settings_is_object CHECK (jsonb_typeof(settings) = 'object')
);
