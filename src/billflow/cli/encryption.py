"""`billflow keys rotate-encryption`: everything under the newest key."""

from typing import TYPE_CHECKING

from billflow.cli import output
from billflow.cli.params import AsJson
from billflow.cli.session import run

if TYPE_CHECKING:
    from billflow.wiring import Engine


def rotate_encryption(*, as_json: AsJson = False) -> None:
    """Encrypt again by the first of BILLFLOW_ENCRYPTION_KEYS what another key encrypted; the other may go after that.

    Temporal's histories keep their keys until they are older than the namespace's retention.
    """

    async def act(engine: "Engine") -> None:
        from billflow.wiring import rotate_encryption as rotate

        rows = await rotate(engine)
        if as_json:
            output.as_json({"rows": rows})
        else:
            output.say(f"{rows} records are encrypted by the current key.")

    run(act)
