-- Rows as they were before they were changed: what was known at a moment can be asked for.

CREATE TABLE row_version (
    org_id uuid NOT NULL,
    row_id uuid NOT NULL,
    until timestamptz NOT NULL,
    since timestamptz NOT NULL,
    table_name text NOT NULL,
    customer_id uuid,
    content jsonb NOT NULL,
    CONSTRAINT pk_row_version PRIMARY KEY (row_id, until),
    CONSTRAINT fk_row_version_org_id FOREIGN KEY (org_id) REFERENCES org (id),
    CONSTRAINT ck_row_version_in_order CHECK (since < until)
);

CREATE INDEX ix_row_version_customer_id ON row_version (customer_id) WHERE customer_id IS NOT NULL;

-- Most of a row is the names of its columns, the same in every row: compressed, it takes half the room.
ALTER TABLE row_version ALTER COLUMN content SET STORAGE MAIN;
ALTER TABLE row_version SET (toast_tuple_target = 256);

-- A change that waited for a lock began before the one that it waited for; in the row it comes after it.
-- A migration writes down in another way what was known before: it is for no organization, and changes no moment.
CREATE OR REPLACE FUNCTION billflow_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nullif(current_setting('billflow.org_id', true), '') IS NOT NULL THEN
        NEW.updated_at := greatest(now(), OLD.updated_at);
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION billflow_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    former jsonb := to_jsonb(OLD);
    began timestamptz := former ->> 'updated_at';
    ended timestamptz;
BEGIN
    IF nullif(current_setting('billflow.org_id', true), '') IS NULL THEN
        RETURN NULL;
    END IF;
    IF began IS NULL THEN
        SELECT max(until) INTO began FROM row_version WHERE row_id = OLD.id;
        began := coalesce(began, (former ->> 'created_at')::timestamptz);
    END IF;
    ended := greatest(now(), began);
    IF began < ended THEN
        INSERT INTO row_version (org_id, row_id, until, since, table_name, customer_id, content)
        VALUES (OLD.org_id, OLD.id, ended, began, TG_TABLE_NAME,
            CASE TG_TABLE_NAME WHEN 'customer' THEN OLD.id ELSE (former ->> 'customer_id')::uuid END, former);
    END IF;
    RETURN NULL;
END
$$;
