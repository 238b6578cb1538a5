"""Each statement is compiled once for all pools of a process that write alike."""

from typing import Any

from sqlalchemy import Integer, select
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
