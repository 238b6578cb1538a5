-- History is deleted by its age alone, by functions that refuse what is younger than any period that may be set.

CREATE TABLE audit_archive (
    org_id uuid NOT NULL,
    position bigint NOT NULL,
    hash bytea NOT NULL,
    entries bigint NOT NULL,
    digest bytea NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_archive PRIMARY KEY (org_id, position),
    CONSTRAINT fk_audit_archive_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT ck_audit_archive_hashes_are_sha256 CHECK (octet_length(hash) = 32 AND octet_length(digest) = 32)
);

CREATE INDEX ix_webhook_message_updated_at ON webhook_message (org_id, updated_at) WHERE status <> 'pending';
CREATE INDEX ix_webhook_message_event_id ON webhook_message (event_id);
CREATE INDEX ix_event_delivery_message_id ON event_delivery (message_id);

-- Nobody but the owner is in a function of the owner's, and the owner itself has not set what such a function sets.
CREATE FUNCTION billflow_refuse_early_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('billflow.retention', true) = 'on'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Write a new row that corrects the old one.';
END
$$;

CREATE FUNCTION billflow_check_age(before timestamptz, period interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF before IS NULL OR before > now() - period THEN
        RAISE EXCEPTION 'what is younger than % is kept', period USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;

-- Said again in each function: its owner may be a superuser, who is not subject to row-level security.
CREATE FUNCTION billflow_this_org() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('billflow.org_id', true), '')::uuid
$$;

CREATE FUNCTION billflow_delete_deliveries(before timestamptz, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    old uuid[];
BEGIN
    PERFORM billflow_check_age(before, interval '30 days');
    SELECT array_agg(id) INTO old FROM (
        SELECT id FROM webhook_message
        WHERE org_id = billflow_this_org() AND status <> 'pending' AND updated_at < before
        LIMIT most FOR UPDATE SKIP LOCKED
    ) AS found;
    PERFORM set_config('billflow.retention', 'on', true);
    DELETE FROM event_delivery WHERE message_id = ANY (old);
    PERFORM set_config('billflow.retention', '', true);
    DELETE FROM webhook_message WHERE id = ANY (old);
    RETURN coalesce(cardinality(old), 0);
END
$$;

-- A suspended customer's last suspension says from which event on its messages wait.
CREATE FUNCTION billflow_delete_events(before timestamptz, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint;
BEGIN
    PERFORM billflow_check_age(before, interval '90 days');
    PERFORM set_config('billflow.retention', 'on', true);
    DELETE FROM outbox_event WHERE id IN (
        SELECT event.id FROM outbox_event event
        WHERE event.org_id = billflow_this_org() AND event.created_at < before
            AND NOT EXISTS (SELECT FROM outbox_pending WHERE event_id = event.id)
            AND NOT EXISTS (SELECT FROM webhook_message WHERE event_id = event.id)
            AND NOT (event.type = 'customer.suspended' AND EXISTS (
                SELECT FROM customer WHERE customer.id = event.customer_id AND customer.suspended_at IS NOT NULL))
        LIMIT most
    );
    GET DIAGNOSTICS deleted = ROW_COUNT;
    PERFORM set_config('billflow.retention', '', true);
    RETURN deleted;
END
$$;

-- The newest link stays, so that the chain goes on from it; what is left follows from the hash that is kept here.
CREATE FUNCTION billflow_archive_audit(last bigint, digest bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    this_org uuid := billflow_this_org();
    old uuid[];
    end_of_file audit_chain;
    newest timestamptz;
BEGIN
    SELECT * INTO STRICT end_of_file FROM audit_chain WHERE org_id = this_org AND position = last;
    IF NOT EXISTS (SELECT FROM audit_chain WHERE org_id = this_org AND position > last) THEN
        RAISE EXCEPTION 'the newest entry is kept' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT array_agg(audit_id) INTO old FROM audit_chain WHERE org_id = this_org AND position <= last;
    SELECT max(created_at) INTO newest FROM audit_log WHERE id = ANY (old);
    PERFORM billflow_check_age(newest, interval '365 days');
    INSERT INTO audit_archive (org_id, position, hash, entries, digest)
        VALUES (this_org, last, end_of_file.hash, cardinality(old), digest);
    INSERT INTO audit_log (org_id, actor, action, subject_type, subject_id, at, detail)
        VALUES (this_org, 'system', 'audit.archived', 'org', this_org::text, now(),
            jsonb_build_object('last_position', last, 'entries', cardinality(old), 'hash',
                encode(end_of_file.hash, 'hex'), 'sha256', encode(digest, 'hex')));
    PERFORM set_config('billflow.retention', 'on', true);
    DELETE FROM audit_chain WHERE audit_id = ANY (old);
    DELETE FROM audit_log WHERE id = ANY (old);
    PERFORM set_config('billflow.retention', '', true);
    RETURN cardinality(old);
END
$$;

DO $$
DECLARE
    signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY['billflow_delete_deliveries(timestamptz, bigint)',
        'billflow_delete_events(timestamptz, bigint)', 'billflow_archive_audit(bigint, bytea)']
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp',
            signature, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO billflow_app', signature);
    END LOOP;
END
$$;
