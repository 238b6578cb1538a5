-- A key per customer for what history keeps of it: with the key gone, nobody can read that any more.

CREATE TABLE customer_key (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    secret text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_customer_key PRIMARY KEY (id),
    CONSTRAINT uq_customer_key_customer_id UNIQUE (customer_id),
    CONSTRAINT fk_customer_key_org_id_customer_id FOREIGN KEY(org_id, customer_id) REFERENCES customer (org_id, id)
);

ALTER TABLE customer ADD COLUMN erased_at timestamptz;
