"""Where the control plane's handles come together."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from stripe_emulator.control.bodies import ClockBody, RatesBody, SettingsBody
from stripe_emulator.control.faults import FaultRules
from stripe_emulator.control.limits import PROFILES, Rates
from stripe_emulator.control.webhook_faults import WebhookFaults
from stripe_emulator.engine.services import Services
from stripe_emulator.resources.webhook_endpoints import EVERY_TYPE, register_everywhere, remove_everywhere
from stripe_emulator.storage import rows
from stripe_emulator.types import Obj


class ControlOperations:
    """The services, rules and log of a running server; `wake` makes its workers look at the database."""

    def __init__(
        self, services: Services, rules: FaultRules, webhook_faults: WebhookFaults, wake: Callable[[], None]
    ) -> None:
        self.services = services
        self.rules = rules
        self.webhook_faults = webhook_faults
        self.wake = wake
        self._endpoint: tuple[str, str, Sequence[str]] | None = None

    def register(self, url: str, secret: str, types: Sequence[str] = EVERY_TYPE) -> None:
        """Register the endpoint that hears of every account, in the place of an earlier one."""
        self._endpoint = (url, secret, types)
        register_everywhere(self.services, *self._endpoint)

    def remove(self) -> None:
        """Remove the endpoint that hears of every account."""
        self._endpoint = None
        remove_everywhere(self.services)

    def set_clock(self, body: ClockBody) -> None:
        """Move the server's clock."""
        clock = self.services.clock
        if body.reset:
            clock.reset()
        if body.freeze is not None and body.freeze is not False:
            clock.freeze(None if body.freeze is True else body.freeze)
        if body.set is not None:
            clock.set(body.set, 1.0)
        if body.speed is not None:
            clock.set(clock.now(), body.speed)
        if body.advance is not None:
            clock.advance(body.advance)

    def change_settings(self, body: SettingsBody) -> Obj:
        """Change the given settings and return all of them."""
        settings = self.services.settings
        if body.rate_limit is not None:
            self.rules.limiter.set(_rates(body.rate_limit))
        for name, value in body.model_dump(exclude={"rate_limit"}, exclude_none=True).items():
            setattr(settings, name, tuple(value) if isinstance(value, list) else value)
        return {**asdict(settings), "rate_limit": self.rules.limiter.rates or "off"}

    def faults(self) -> Obj:
        """Return the rules in force."""
        return {
            "requests": [rule.model_dump() for rule in self.rules.rules],
            "webhooks": [rule.model_dump() for rule in self.webhook_faults.rules],
        }

    def state(self) -> Obj:
        """Return the time and the number of objects, keys, deliveries and due tasks."""
        db = self.services.db
        kinds = db.execute("SELECT kind, COUNT(*) FROM objects WHERE deleted = 0 GROUP BY kind")
        deliveries = db.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
        return {
            "now": self.services.clock.now(),
            "counts": dict(kinds.fetchall()),
            "deliveries": dict(deliveries.fetchall()),
            "idempotency_keys": db.execute("SELECT COUNT(*) FROM idempotency").fetchone()[0],
            "due": db.execute("SELECT COUNT(*) FROM due").fetchone()[0],
        }

    def objects(self, kind: str | None, account: str | None) -> list[Obj]:
        """Return the stored objects of a kind, the oldest first; none without a kind."""
        sql = "SELECT body FROM objects WHERE kind = ? AND deleted = 0 AND account = COALESCE(?, account) ORDER BY seq"
        return [json.loads(body) for (body,) in self.services.db.execute(sql, (kind, account))]

    def delete(self, identifier: str) -> bool:
        """Delete an object as if it had never been, and tell whether it was there."""
        return rows.delete(self.services.db, identifier)

    def reset(self) -> None:
        """Start over with nothing but the endpoint of every account."""
        self.services.db.clear()
        self.services.clock.reset()
        self.rules.clear()
        self.rules.log.clear()
        self.webhook_faults.clear()
        if self._endpoint is not None:
            register_everywhere(self.services, *self._endpoint)


def _rates(wanted: str | RatesBody) -> Rates | None:
    if isinstance(wanted, RatesBody):
        return wanted.operation, wanted.total
    return PROFILES.get(wanted)
