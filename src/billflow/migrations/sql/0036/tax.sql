-- How each organization taxes what it bills. Without a version nothing is taxed, as until now.

CREATE TABLE tax_version (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    version bigint NOT NULL,
    content jsonb NOT NULL,
    starts_at timestamptz,
    actor text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_tax_version PRIMARY KEY (id),
    CONSTRAINT fk_tax_version_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_tax_version_org_id_version UNIQUE (org_id, version),
    CONSTRAINT ck_tax_version_version_counts CHECK (version > 0),
    CONSTRAINT ck_tax_version_content_is_object CHECK (jsonb_typeof(content) = 'object')
);

ALTER TABLE customer ADD COLUMN tax_exempt boolean DEFAULT false NOT NULL;

ALTER TABLE invoice
    ADD COLUMN tax bigint DEFAULT 0 NOT NULL,
    ADD COLUMN tax_inclusive boolean DEFAULT false NOT NULL;

ALTER TABLE invoice_line
    ADD COLUMN tax bigint DEFAULT 0 NOT NULL,
    ADD COLUMN applied_tax jsonb,
    ADD CONSTRAINT ck_invoice_line_tax_has_its_rate CHECK ((kind = 'tax') = (applied_tax IS NOT NULL));

ALTER TABLE credit_note
    ADD COLUMN taxes jsonb DEFAULT '{}' NOT NULL,
    ADD CONSTRAINT ck_credit_note_taxes_is_object CHECK (jsonb_typeof(taxes) = 'object');

ALTER TABLE refund
    ADD COLUMN taxes jsonb DEFAULT '{}' NOT NULL,
    ADD CONSTRAINT ck_refund_taxes_is_object CHECK (jsonb_typeof(taxes) = 'object');
