"""What the application's role may not do, tried by somebody who runs SQL of their own in its transactions."""

from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr

from billflow.dev.postgres import RUNS, as_login
from billflow.domain.errors import InvalidInput
from billflow.models.keyring import Key
from billflow.settings import Settings, SettingsError
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.session.database import Database
from billflow.wiring.store import migrate, open_store
from tests.store.conftest import Company

RETENTION = ("billflow_archive_audit", "billflow_delete_deliveries", "billflow_delete_events", "billflow_delete_seats")
ESCAPES = {
    "a link of one's own": "INSERT INTO audit_chain (org_id, position, audit_id, prev_hash, hash)"
    " VALUES (%(org)s, 99, gen_random_uuid(), sha256('x'), sha256('y'))",
    "a link by the function": "SELECT billflow_chain_entry((SELECT id FROM audit_log LIMIT 1))",
    "a changed link": "UPDATE audit_chain SET position = 7",
    "a removed link": "DELETE FROM audit_chain",
    "a removed link that pretends to be old": "SET LOCAL billflow.retention = 'on'; DELETE FROM audit_chain",
    "a removed entry that pretends to be old": "SET LOCAL billflow.retention = 'on'; DELETE FROM audit_log",
    "an archive that there is not": "INSERT INTO audit_archive (org_id, position, hash, entries, digest)"
    " VALUES (%(org)s, 1, sha256('x'), 1, sha256('y'))",
    "young entries into an archive": "SELECT billflow_archive_audit(1, sha256('x'))",
    "young events": "SELECT billflow_delete_events(now() - interval '89 days', 10)",
    "young deliveries": "SELECT billflow_delete_deliveries(now() - interval '29 days', 10)",
    "young seats": "SELECT billflow_delete_seats(now() - interval '89 days', '{}')",
    "reported seats": "DELETE FROM seat_observation",
    "deliveries of any age": "SELECT billflow_delete_deliveries(NULL, 10)",
    "a table": "CREATE TABLE mine (id int)",
    "a function": "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a policy": "DROP POLICY tenant ON customer",
    "no row-level security": "ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
    "no trigger": "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "no triggers at all": "SET LOCAL session_replication_role = replica",
    "a role": "CREATE ROLE mine",
    "a program": "COPY org TO PROGRAM 'cat'",
    "a file": "SELECT pg_read_file('postgresql.conf')",
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
async def test_the_application_role_is_refused(escape: str, company: Company, store_url: str) -> None:
    await company.customer()
    with psycopg.connect(store_url) as connection:
        connection.execute("SELECT set_config('role', 'billflow_app', true)")
        connection.execute("SELECT set_config('billflow.org_id', %s, true)", [company.org_id])
        with pytest.raises((InsufficientPrivilege, psycopg.errors.RestrictViolation)):
            connection.execute(escape, {"org": company.org_id})


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
async def test_the_login_of_running_processes_is_refused_what_it_tries_without_the_role(
    escape: str, company: Company, store_url: str
) -> None:
    await company.customer()
    with psycopg.connect(as_login(store_url, RUNS)) as connection:
        connection.execute("SELECT set_config('role', 'billflow_app', true)")
        connection.execute("RESET ROLE")
        with pytest.raises(InsufficientPrivilege):
            connection.execute(escape, {"org": company.org_id})


@pytest.mark.parametrize(
    "change", ["SET ROLE postgres", "SET SESSION AUTHORIZATION postgres", "ALTER ROLE {} SUPERUSER"]
)
def test_the_login_of_running_processes_becomes_nobody_else(change: str, store_url: str) -> None:
    with psycopg.connect(as_login(store_url, RUNS)) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(sql.SQL(change).format(sql.Identifier(RUNS)))


def test_the_login_of_running_processes_sees_nothing_before_it_takes_on_a_role(store_url: str) -> None:
    with psycopg.connect(as_login(store_url, RUNS)) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute("SELECT count(*) FROM customer")


async def test_real_money_is_not_served_by_a_login_that_may_do_more_than_run(store_url: str) -> None:
    keys = SecretStr(Key.fresh("k").text())
    live = Settings(stripe_api_key=SecretStr("sk_live_x"), encryption_keys=keys)
    async with open_store(live.model_copy(update={"database_url": SecretStr(store_url)})) as store:
        with pytest.raises(SettingsError, match=r"is a superuser, .*owns our tables; name one that only runs"):
            await store.check_login()
    runs = SecretStr(as_login(store_url, RUNS))
    async with open_store(live.model_copy(update={"database_url": runs})) as store:
        await store.check_login()


def test_a_login_that_owns_nothing_is_told_who_migrates(store_url: str) -> None:
    with pytest.raises(InvalidInput, match="doesn't own the tables; set DATABASE_OWNER_URL"):
        migrate(Settings(database_url=SecretStr(as_login(store_url, RUNS))))


def test_the_owner_and_the_login_that_runs_are_not_the_same(store_url: str) -> None:
    settings = Settings(database_url=SecretStr(store_url), database_owner_url=SecretStr(store_url))
    with pytest.raises(InvalidInput, match="need logins of their own"):
        migrate(settings)


async def test_entries_of_the_application_are_still_chained(company: Company, database: Database) -> None:
    before = await PostgresAuditQueries(database).verify(company.org_id)
    await company.customer()

    verdict = await PostgresAuditQueries(database).verify(company.org_id)

    assert (verdict.entries, verdict.faults) == (before.entries + 1, ())


def test_no_policy_gives_members_of_a_role_what_only_the_role_may_see(store_url: str) -> None:
    query = (
        "SELECT tablename FROM pg_policies WHERE 'billflow_watch' = ANY (roles) AND qual NOT LIKE '%%CURRENT_USER%%'"
    )
    with psycopg.connect(store_url) as connection:
        assert connection.execute(query).fetchall() == []


def test_functions_that_run_with_their_owners_rights_search_no_foreign_schema(store_url: str) -> None:
    query = "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    with psycopg.connect(store_url) as connection:
        found: dict[str, list[str]] = dict(connection.execute(query).fetchall())
    assert found.keys() == {"billflow_chain_audit", *RETENTION}
    assert all(settings == ["search_path=pg_catalog, public, pg_temp"] for settings in found.values())


async def test_a_member_of_the_role_of_monitoring_sees_nothing_unless_it_takes_it_on(
    company: Company, store_url: str
) -> None:
    await company.customer()
    login = f"member_{uuid4().hex[:8]}"
    with psycopg.connect(store_url) as connection:
        connection.execute(f"CREATE ROLE {login} LOGIN INHERIT IN ROLE billflow_app, billflow_watch")
        connection.execute(f"SET LOCAL ROLE {login}")
        for table in ("customer_plan", "invoice", "webhook_event", "billing_account", "org"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
        connection.rollback()
