-- Reported seats leave by their age too, of some customers at a time; what a step or a purchase may read stays: of each
-- customer the newest that are old enough, and what the plans that run or wait for their purchase have not seen.
CREATE FUNCTION billflow_delete_seats(before timestamptz, customers uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint;
BEGIN
    PERFORM billflow_check_age(before, interval '90 days');
    PERFORM set_config('billflow.retention', 'on', true);
    DELETE FROM seat_observation AS seen
    WHERE seen.org_id = billflow_this_org() AND seen.customer_id = ANY (customers)
        AND seen.observed_at < before AND seen.created_at < before
        AND EXISTS (
            SELECT FROM seat_observation AS later
            WHERE later.customer_id = seen.customer_id AND later.observed_at > seen.observed_at
                AND later.observed_at < before)
        AND NOT EXISTS (
            SELECT FROM customer_plan AS plan
            WHERE plan.customer_id = seen.customer_id AND plan.seats_observed_through <= seen.observed_at
                AND (plan.status NOT IN ('never_started', 'ended') OR plan.awaiting_invoice_id IS NOT NULL));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    PERFORM set_config('billflow.retention', '', true);
    RETURN deleted;
END
$$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION billflow_delete_seats(timestamptz, uuid[])'
        ' SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp', current_schema());
END
$$;
REVOKE ALL ON FUNCTION billflow_delete_seats(timestamptz, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billflow_delete_seats(timestamptz, uuid[]) TO billflow_app;

DROP TRIGGER seat_observation_append_only ON seat_observation;
CREATE TRIGGER seat_observation_append_only BEFORE UPDATE OR TRUNCATE ON seat_observation
    FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_change();
CREATE TRIGGER seat_observation_retention BEFORE DELETE ON seat_observation
    FOR EACH STATEMENT EXECUTE FUNCTION billflow_refuse_early_delete();
