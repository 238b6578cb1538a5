-- Who may call the API, and what its writes were answered.

CREATE TABLE api_key (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    mode varchar(40) NOT NULL,
    scopes text[] NOT NULL,
    digest bytea NOT NULL,
    rate_limit bigint,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    successor_id uuid,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_api_key PRIMARY KEY (id),
    CONSTRAINT fk_api_key_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_api_key_org_id_id UNIQUE (org_id, id),
    CONSTRAINT fk_api_key_org_id_successor_id FOREIGN KEY(org_id, successor_id) REFERENCES api_key (org_id, id),
    CONSTRAINT ck_api_key_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT ck_api_key_mode CHECK (mode IN ('live', 'test')),
    CONSTRAINT ck_api_key_scopes_not_empty CHECK (cardinality(scopes) > 0),
    CONSTRAINT ck_api_key_rate_limit_positive CHECK (rate_limit > 0)
);

CREATE TABLE idempotency_key (
    org_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    holder uuid NOT NULL,
    held_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    status bigint,
    headers jsonb,
    body bytea,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_idempotency_key PRIMARY KEY (org_id, key),
    CONSTRAINT fk_idempotency_key_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT ck_idempotency_key_answer_whole CHECK (num_nonnulls(status, headers, body) IN (0, 3))
);

CREATE INDEX ix_idempotency_key_org_id_expires_at ON idempotency_key (org_id, expires_at);
