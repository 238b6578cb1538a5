"""`billflow keys rotate-encryption`: everything under the newest key."""

from typing import TYPE_CHECKING

from billflow.cli import output
from billflow.cli.params import AsJson
from billflow.cli.session import on_database

if TYPE_CHECKING:
    from billflow.wiring.store import Store


def rotate_encryption(*, as_json: AsJson = False) -> None:
    """Encrypt again by the first of BILLFLOW_ENCRYPTION_KEYS what another key encrypted; the other may go after that.

    Temporal's histories keep their keys until they are older than the namespace's retention.
    """

    async def act(store: "Store") -> None:
        rows = await store.key_rotation.run()
        if as_json:
            output.as_json({"rows": rows})
        else:
            output.say(f"{rows} records are encrypted by the current key.")

    on_database(act)
