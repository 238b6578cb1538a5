-- Seat sources, how the newest count of each customer went, and who was there from when until when.

CREATE TABLE seat_source (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid,
    kind varchar(40) NOT NULL,
    target text,
    query text,
    secret text,
    removed_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_seat_source PRIMARY KEY (id),
    CONSTRAINT uq_seat_source_org_id_id UNIQUE (org_id, id),
    CONSTRAINT fk_seat_source_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_seat_source_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT ck_seat_source_seatsourcekind CHECK (kind IN ('push', 'http', 'sql', 'file'))
);

CREATE UNIQUE INDEX uq_seat_source_org_id ON seat_source (org_id) WHERE customer_id IS NULL AND removed_at IS NULL;
CREATE UNIQUE INDEX uq_seat_source_customer_id ON seat_source (customer_id)
    WHERE customer_id IS NOT NULL AND removed_at IS NULL;

CREATE TABLE seat_pull (
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    seat_source_id uuid NOT NULL,
    pulled_at timestamptz NOT NULL,
    counted_at timestamptz,
    members bigint,
    guests bigint,
    failing_since timestamptz,
    code text,
    message text,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_seat_pull PRIMARY KEY (customer_id),
    CONSTRAINT fk_seat_pull_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT fk_seat_pull_org_id_seat_source_id
        FOREIGN KEY(org_id, seat_source_id) REFERENCES seat_source (org_id, id),
    CONSTRAINT ck_seat_pull_counted_whole CHECK (num_nonnulls(counted_at, members, guests) IN (0, 3)),
    CONSTRAINT ck_seat_pull_failing_whole CHECK (num_nonnulls(failing_since, code, message) IN (0, 3))
);

CREATE INDEX ix_seat_pull_seat_source_id ON seat_pull (seat_source_id);
CREATE INDEX ix_seat_pull_failing ON seat_pull (org_id) WHERE code IS NOT NULL;

CREATE TABLE seat_member (
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    member_hash text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    is_guest boolean NOT NULL,
    CONSTRAINT pk_seat_member PRIMARY KEY (customer_id, member_hash, since),
    CONSTRAINT fk_seat_member_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id),
    CONSTRAINT ck_seat_member_in_order CHECK (since < until)
);

CREATE INDEX ix_seat_member_there ON seat_member (customer_id) WHERE until IS NULL;

ALTER TABLE seat_observation ADD COLUMN seat_source_id uuid,
    ADD CONSTRAINT fk_seat_observation_org_id_seat_source_id
        FOREIGN KEY(org_id, seat_source_id) REFERENCES seat_source (org_id, id);

CREATE POLICY watch ON seat_source FOR SELECT TO billflow_watch USING (current_user = 'billflow_watch');
GRANT SELECT (org_id, kind, removed_at) ON seat_source TO billflow_watch;
