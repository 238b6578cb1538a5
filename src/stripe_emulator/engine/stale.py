"""Answer a read with what an object looked like some time ago, as its last event then showed it."""

import json

from stripe_emulator.engine.services import Services
from stripe_emulator.types import Obj

EVENT = """SELECT body FROM objects WHERE kind = 'event' AND account = ? AND written <= ?
    AND json_extract(body, '$.data.object.id') = ? ORDER BY seq DESC LIMIT 1"""


def as_of(services: Services, account: str, identifier: str, written: float) -> Obj | None:
    """Return the object as of a moment of wall time in seconds, or None when nothing was announced until then."""
    row = services.db.execute(EVENT, (account, written, identifier)).fetchone()
    if row is None:
        return None
    shown: Obj = json.loads(row[0])["data"]["object"]
    return shown
