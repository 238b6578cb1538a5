-- What a reconciliation compared and found.

CREATE TABLE reconciliation_run (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    workflow_run_id text NOT NULL,
    repair boolean NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    invoices_compared bigint DEFAULT '0' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_reconciliation_run PRIMARY KEY (id),
    CONSTRAINT fk_reconciliation_run_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_reconciliation_run_org_id_id UNIQUE (org_id, id),
    CONSTRAINT uq_reconciliation_run_workflow_run_id UNIQUE (workflow_run_id)
);

CREATE INDEX ix_reconciliation_run_org_id_started_at ON reconciliation_run (org_id, started_at);

CREATE TABLE reconciliation_held (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    stripe_invoice_id text NOT NULL,
    invoice_id text NOT NULL,
    status text NOT NULL,
    total bigint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT pk_reconciliation_held PRIMARY KEY (run_id, stripe_invoice_id),
    CONSTRAINT fk_reconciliation_held_org_id_run_id
        FOREIGN KEY(org_id, run_id) REFERENCES reconciliation_run (org_id, id)
);

CREATE INDEX ix_reconciliation_held_invoice_id ON reconciliation_held (run_id, invoice_id);

CREATE TABLE reconciliation_finding (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    kind varchar(40) NOT NULL,
    severity varchar(40) NOT NULL,
    subject_id text NOT NULL,
    message text NOT NULL,
    repair varchar(40),
    stripe_invoice_ids jsonb DEFAULT '[]' NOT NULL,
    settled_as text,
    repaired_at timestamptz,
    problem text,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_reconciliation_finding PRIMARY KEY (id),
    CONSTRAINT fk_reconciliation_finding_org_id_run_id
        FOREIGN KEY(org_id, run_id) REFERENCES reconciliation_run (org_id, id),
    CONSTRAINT ck_reconciliation_finding_findingkind CHECK (kind IN (
        'missing_at_stripe', 'double_at_stripe', 'wrong_amount', 'wrong_state', 'unseen_payment', 'orphan_at_stripe',
        'open_without_collection', 'plan_without_workflow', 'workflow_of_ended_plan'
    )),
    CONSTRAINT ck_reconciliation_finding_severity CHECK (severity IN ('notice', 'warning', 'critical')),
    CONSTRAINT ck_reconciliation_finding_repair CHECK (repair IN (
        'record_state', 'collect', 'take_back', 'delete_drafts', 'start_plan', 'wake_plan'
    ))
);

CREATE UNIQUE INDEX uq_reconciliation_finding ON reconciliation_finding (run_id, kind, subject_id);
