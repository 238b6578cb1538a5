ALTER TABLE customer_plan_offer
    ADD COLUMN replaced_pricing jsonb,
    DROP CONSTRAINT ck_customer_plan_offer_offerstatus,
    ADD CONSTRAINT ck_customer_plan_offer_offerstatus
        CHECK (status IN ('open', 'accepted', 'withdrawn', 'expired'));

CREATE INDEX ix_customer_plan_offer_customer_id ON customer_plan_offer (customer_id, created_at);

ALTER TABLE invoice ADD COLUMN balance_applied bigint DEFAULT 0 NOT NULL;

ALTER TABLE credit
    ADD COLUMN invoice_id uuid,
    ADD CONSTRAINT uq_credit_org_id_id UNIQUE (org_id, id),
    ADD CONSTRAINT fk_credit_org_id_invoice_id FOREIGN KEY(org_id, invoice_id) REFERENCES invoice (org_id, id);

CREATE TABLE credit_posting (
    org_id uuid NOT NULL,
    credit_id uuid NOT NULL,
    stripe_balance_transaction_id text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_credit_posting PRIMARY KEY (credit_id),
    CONSTRAINT fk_credit_posting_org_id_credit_id FOREIGN KEY(org_id, credit_id) REFERENCES credit (org_id, id),
    CONSTRAINT uq_credit_posting_stripe_balance_transaction_id UNIQUE (stripe_balance_transaction_id)
);
