-- Where events go, what waits to go there, and every attempt.

CREATE TABLE outbox_pending (
    event_id uuid NOT NULL,
    org_id uuid NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT pk_outbox_pending PRIMARY KEY (event_id),
    CONSTRAINT fk_outbox_pending_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT fk_outbox_pending_event_id FOREIGN KEY(event_id) REFERENCES outbox_event (id)
);

CREATE INDEX ix_outbox_pending_org_id_sequence ON outbox_pending (org_id, sequence);

CREATE FUNCTION billflow_event_pends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox_pending (event_id, org_id, sequence) SELECT id, org_id, sequence FROM written;
    RETURN NULL;
END
$$;

CREATE TRIGGER outbox_event_pends AFTER INSERT ON outbox_event
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION billflow_event_pends();

CREATE TABLE webhook_endpoint (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    url text NOT NULL,
    description text,
    event_types text[] NOT NULL,
    secret text NOT NULL,
    status varchar(40) DEFAULT 'enabled' NOT NULL,
    disabled_reason text,
    deleted_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_webhook_endpoint PRIMARY KEY (id),
    CONSTRAINT fk_webhook_endpoint_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_webhook_endpoint_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_webhook_endpoint_endpointstatus CHECK (status IN ('enabled', 'disabled'))
);

CREATE INDEX ix_webhook_endpoint_org_id_created_at ON webhook_endpoint (org_id, created_at, id);

CREATE TABLE webhook_message (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    sequence bigint NOT NULL,
    customer_id uuid,
    replay_id uuid,
    status varchar(40) DEFAULT 'pending' NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    next_attempt_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_webhook_message PRIMARY KEY (id),
    CONSTRAINT fk_webhook_message_org_id_endpoint_id FOREIGN KEY(org_id, endpoint_id)
        REFERENCES webhook_endpoint (org_id, id),
    CONSTRAINT fk_webhook_message_event_id FOREIGN KEY(event_id) REFERENCES outbox_event (id),
    CONSTRAINT uq_webhook_message_position UNIQUE (position),
    CONSTRAINT uq_webhook_message_org_id_id UNIQUE (org_id, id),
    CONSTRAINT ck_webhook_message_messagestatus CHECK (status IN ('pending', 'delivered', 'failed'))
);

CREATE UNIQUE INDEX uq_webhook_message_first ON webhook_message (endpoint_id, event_id) WHERE replay_id IS NULL;
CREATE UNIQUE INDEX uq_webhook_message_replay ON webhook_message (endpoint_id, event_id, replay_id)
    WHERE replay_id IS NOT NULL;
CREATE INDEX ix_webhook_message_pending ON webhook_message (endpoint_id, customer_id, position)
    WHERE status = 'pending';

CREATE TABLE event_delivery (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    message_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    attempt bigint NOT NULL,
    outcome varchar(40) NOT NULL,
    status_code bigint,
    error text,
    duration_ms bigint NOT NULL,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_event_delivery PRIMARY KEY (id),
    CONSTRAINT fk_event_delivery_org_id_endpoint_id FOREIGN KEY(org_id, endpoint_id)
        REFERENCES webhook_endpoint (org_id, id),
    CONSTRAINT fk_event_delivery_org_id_message_id FOREIGN KEY(org_id, message_id)
        REFERENCES webhook_message (org_id, id),
    CONSTRAINT ck_event_delivery_deliveryoutcome CHECK (outcome IN ('delivered', 'failed'))
);

CREATE INDEX ix_event_delivery_endpoint_id_created_at ON event_delivery (endpoint_id, created_at, id);

CREATE POLICY watch ON org FOR SELECT TO billflow_watch USING (current_user = 'billflow_watch');
CREATE POLICY watch ON outbox_pending FOR SELECT TO billflow_watch USING (current_user = 'billflow_watch');
CREATE POLICY watch ON webhook_message FOR SELECT TO billflow_watch USING (current_user = 'billflow_watch');

GRANT SELECT (id) ON org TO billflow_watch;
GRANT SELECT (org_id) ON outbox_pending TO billflow_watch;
GRANT SELECT (org_id, status) ON webhook_message TO billflow_watch;
