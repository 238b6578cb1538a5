"""Each statement is compiled once for all pools of a process that write alike."""

from typing import Any

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from billflow.models.keyring import Key, Keyring
from billflow.store.session.database import Database

KEY = Key.fresh("one")


async def test_a_statement_is_compiled_once_for_all_pools_with_the_same_keys(postgres_url: str) -> None:
    made = []

    class Counted(FunctionElement[int]):
        inherit_cache = True
        type = Integer()

    @compiles(Counted)
    def _(*_: Any, **__: Any) -> str:
        made.append(1)
        return "1"

    async def compiled_so_far(*keyrings: Keyring | None) -> int:
        for keyring in keyrings:
            database = Database(postgres_url, pool_size=1, keyring=keyring)
            async with database.engine.connect() as connection:
                assert await connection.scalar(select(Counted())) == 1
            await database.close()
        return len(made)

    keyring = Keyring((KEY,))
    assert await compiled_so_far(None, None) == 1
    assert await compiled_so_far(keyring, None, keyring) == 2
    assert await compiled_so_far(Keyring((KEY,))) == 3


async def test_what_comes_the_second_time_is_prepared(postgres_url: str) -> None:
    database, query = Database(postgres_url, pool_size=1), select(bindparam("n", type_=Integer))
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE starts_with(statement, 'SELECT $1')"
    found = []
    async with database.engine.connect() as connection:
        for n in range(3):
            assert await connection.scalar(query, {"n": n}) == n
            found.append((await connection.exec_driver_sql(prepared)).scalar())
    await database.close()

    assert found == [0, 1, 1]


async def test_several_statements_in_one_message_are_answered_by_the_last(postgres_url: str) -> None:
    database = Database(postgres_url, pool_size=1)
    async with database.engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT 1 AS one; SELECT 2 AS two", execution_options={"no_parameters": True}
        )
        assert (list(found.keys()), found.all()) == (["two"], [(2,)])
    await database.close()
