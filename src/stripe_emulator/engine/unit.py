"""The unit of work that resources see: objects, time, new ids, events and due tasks of one transaction."""

from dataclasses import dataclass

from stripe_emulator.contract.table import blank
from stripe_emulator.engine.render import render
from stripe_emulator.engine.services import Services
from stripe_emulator.storage import outbox
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj
from stripe_emulator.wire.messages import API_VERSION


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that causes events; both None for what the server does by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Unit(Records):
    """One account's transaction.

    `delay` is how long, in seconds, the answer is held back after the commit (a slow payment method).
    """

    def __init__(self, services: Services, account: str, origin: Origin, at: int | None = None) -> None:
        super().__init__(services.db, account)
        self.services = services
        self.origin = origin
        self.delay = 0.0
        self._at = at

    def now(self, test_clock: str | None = None) -> int:
        """Return the time in whole seconds: of the moment a due task stands for, of the test clock, or the server's."""
        if self._at is not None:
            return self._at
        clock = self.find(test_clock, "test_helpers.test_clock")
        return int(clock["frozen_time"] if clock else self.services.clock.now())

    def blank(self, kind: str, test_clock: str | None = None) -> Obj:
        """Return a new object with an id and the time of its creation, not yet stored."""
        made = blank(kind)
        made["id"] = self.services.ids.new(kind)
        if "created" in made:
            made["created"] = self.now(test_clock)
        if "livemode" in made:
            made["livemode"] = self.services.settings.livemode
        return made

    def emit(self, event_type: str, obj: Obj, previous: Obj | None = None) -> None:
        """Record an event with the object as it is now, and queue it for the endpoints that listen."""
        self.flush()
        event = blank("event")
        event.update(id=self.services.ids.new("event"), livemode=self.services.settings.livemode)
        # Events follow the server's clock even for objects on a test clock [assume]: lists stay in order of arrival.
        now = self.services.clock.now() if self._at is None else max(self._at, self.services.clock.now())
        event.update(type=event_type, created=int(now), api_version=API_VERSION)
        event["data"] = {"object": render(self, obj)}
        if previous is not None:
            event["data"]["previous_attributes"] = previous
        origin = self.origin
        event["request"] = {"id": origin.request_id, "idempotency_key": origin.idempotency_key}
        # What a test clock is ahead by is no time that an endpoint waits.
        event["pending_webhooks"] = outbox.queue(self.db, self.account, event, self.services.clock.now())
        self.add(event)

    def changed(self, event_type: str, obj: Obj) -> None:
        """Store the object and, when something changed, announce it with the values it had before."""
        self.save(obj)
        before = self.before(obj)
        names = {name for name in obj if name != "_sim" and obj[name] != before.get(name)}
        if names or set(before) - set(obj):
            self.emit(event_type, obj, {name: before.get(name) for name in sorted(names)})
        self.complete(obj)

    def later(self, task: str, obj: Obj, at: float) -> None:
        """Have the server do something about an object when its clock reaches `at`."""
        clock = obj.get("test_clock")
        outbox.schedule(self.db, outbox.Due(at, task, obj["id"], self.account, clock))
        if clock and self._at is None and at <= self.now(clock):
            outbox.mark_clock(self.db, clock, self.account)
