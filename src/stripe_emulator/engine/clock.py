"""The server's one clock: the wall's by default, frozen, moved or sped up on demand."""

import time

from stripe_emulator.storage.database import Database
from stripe_emulator.types import Obj


class Clock:
    """Seconds since 1970 UTC as the simulation sees them; its state is kept in the database.

    Simulated time = `base + (policy - since) * speed`; a frozen clock has speed 0.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        state: Obj = db.setting("clock", {"base": None})
        self._base: float | None = state["base"]
        self._since: float = state.get("since", 0.0)
        self._speed: float = state.get("speed", 1.0)

    def now(self) -> float:
        """Return the present of the simulation."""
        policy = time.time()
        return policy if self._base is None else self._base + (policy - self._since) * self._speed

    def set(self, base: float, speed: float) -> None:
        """Continue from `base` at `speed` simulated seconds per second."""
        self._base, self._since, self._speed = base, time.time(), speed
        self._db.set_setting("clock", {"base": base, "since": self._since, "speed": speed})

    def freeze(self, at: float | None = None) -> None:
        """Stop at the given moment, or at the present one."""
        self.set(self.now() if at is None else at, 0.0)

    def advance(self, seconds: float) -> None:
        """Jump ahead and go on as fast as before."""
        self.set(self.now() + seconds, self._speed)

    def reset(self) -> None:
        """Follow the wall again."""
        self._base = None
        self._db.set_setting("clock", {"base": None})
