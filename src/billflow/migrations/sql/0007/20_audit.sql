-- The audit log as a chain: each entry's hash covers the entry and the hash before it.

CREATE TABLE audit_chain (
    org_id uuid NOT NULL,
    position bigint NOT NULL,
    audit_id uuid NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_chain PRIMARY KEY (org_id, position),
    CONSTRAINT fk_audit_chain_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_audit_chain_audit_id UNIQUE (audit_id),
    CONSTRAINT ck_audit_chain_hashes_are_sha256 CHECK (octet_length(prev_hash) = 32 AND octet_length(hash) = 32)
);

ALTER TABLE audit_log DROP COLUMN prev_hash, DROP COLUMN hash;

CREATE INDEX ix_audit_log_org_id_created_at ON audit_log (org_id, created_at);
CREATE INDEX ix_audit_log_actor ON audit_log (org_id, actor, sequence);
CREATE INDEX ix_outbox_event_org_id_created_at ON outbox_event (org_id, created_at);

-- PostgreSQL writes a jsonb in one way only: keys sorted, no spaces to choose. Moments count microseconds.
CREATE FUNCTION billflow_chain_entry(entry_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry audit_log;
    last audit_chain;
    before bytea;
    told text;
BEGIN
    SELECT * INTO STRICT entry FROM audit_log WHERE id = entry_id;
    SELECT * INTO last FROM audit_chain WHERE org_id = entry.org_id ORDER BY position DESC LIMIT 1;
    before := coalesce(last.hash, sha256(convert_to(entry.org_id::text, 'UTF8')));
    told := jsonb_build_object(
        'id', entry.id, 'org_id', entry.org_id, 'sequence', entry.sequence, 'actor', entry.actor,
        'request_id', entry.request_id, 'action', entry.action, 'subject_type', entry.subject_type,
        'subject_id', entry.subject_id, 'at', (extract(epoch FROM entry.at) * 1000000)::bigint,
        'detail', entry.detail, 'before', entry.before, 'after', entry.after,
        'created_at', (extract(epoch FROM entry.created_at) * 1000000)::bigint
    )::text;
    INSERT INTO audit_chain (org_id, position, audit_id, prev_hash, hash) VALUES (
        entry.org_id, coalesce(last.position, 0) + 1, entry.id, before,
        sha256(before || convert_to(told, 'UTF8'))
    );
END
$$;

-- Deferred, so that one organization's transactions queue up for the length of a commit and no longer.
CREATE FUNCTION billflow_chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('billflow audit ' || NEW.org_id, 0));
    PERFORM billflow_chain_entry(NEW.id);
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER audit_log_chained AFTER INSERT ON audit_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billflow_chain_audit();

ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
    entry record;
BEGIN
    FOR entry IN SELECT id FROM audit_log ORDER BY org_id, sequence LOOP
        PERFORM billflow_chain_entry(entry.id);
    END LOOP;
END
$$;

ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
