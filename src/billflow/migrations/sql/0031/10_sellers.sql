-- Who sells. An organization that has applied nothing prints its name, as until now.

CREATE TABLE seller_version (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    version bigint NOT NULL,
    content jsonb NOT NULL,
    logo bytea,
    logo_type text,
    actor text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_seller_version PRIMARY KEY (id),
    CONSTRAINT fk_seller_version_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_seller_version_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_seller_version_org_id_version UNIQUE (org_id, version),
    CONSTRAINT ck_seller_version_version_counts CHECK (version > 0),
    CONSTRAINT ck_seller_version_logo_has_type CHECK ((logo IS NULL) = (logo_type IS NULL)),
    CONSTRAINT ck_seller_version_content_is_object CHECK (jsonb_typeof(content) = 'object')
);

CREATE TABLE invoice_series (
    org_id uuid NOT NULL,
    prefix text NOT NULL,
    year bigint NOT NULL,
    continued bigint NOT NULL,
    last bigint NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_invoice_series PRIMARY KEY (org_id, prefix, year),
    CONSTRAINT fk_invoice_series_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT ck_invoice_series_forward CHECK (last >= continued AND continued >= 0)
);

ALTER TABLE invoice
    ADD COLUMN sequence bigint,
    ADD COLUMN seller_version_id uuid,
    ADD COLUMN buyer jsonb,
    ADD CONSTRAINT fk_invoice_org_id_seller_version_id
        FOREIGN KEY (org_id, seller_version_id) REFERENCES seller_version (org_id, id);

CREATE UNIQUE INDEX uq_invoice_own_number ON invoice (org_id, number) WHERE sequence IS NOT NULL;
