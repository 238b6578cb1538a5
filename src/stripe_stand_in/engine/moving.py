"""Move test clocks: everything due on the way happens in order of time, then the clock is ready."""

from stripe_stand_in.engine.due import run_due
from stripe_stand_in.engine.services import Services
from stripe_stand_in.engine.unit import Origin, Unit
from stripe_stand_in.storage import outbox
from stripe_stand_in.types import Obj

KIND = "test_helpers.test_clock"
ADVANCE = "test_clock.advance"


def start(unit: Unit, clock: Obj, target: int) -> None:
    """Have the clock moved to `target` soon; until then it is advancing."""
    clock.update(status="advancing", status_details={"advancing": {"target_frozen_time": target}})
    unit.save(clock)
    unit.emit("test_helpers.test_clock.advancing", clock)
    # A mark of its own instead of a clock: moving a clock is many transactions, not one task.
    outbox.schedule(unit.db, outbox.Due(unit.services.clock.now(), ADVANCE, clock["id"], unit.account, ADVANCE))


def run_advancing(services: Services) -> int:
    """Move the clocks that are to be moved; return how many."""
    count = 0
    while True:
        with services.db.transaction():
            due = outbox.take_due(services.db, ADVANCE, float("inf"))
        if due is None:
            return count
        _finish(services, due)
        count += 1


def _finish(services: Services, due: outbox.Due) -> None:
    clock = Unit(services, due.account, Origin()).find(due.object, KIND)
    if clock is None:
        return
    target = clock["status_details"]["advancing"]["target_frozen_time"]
    run_due(services, clock["id"], target)
    with services.db.transaction():
        unit = Unit(services, due.account, Origin())
        clock = unit.get(KIND, due.object)
        clock.update(status="ready", status_details={}, frozen_time=target)
        unit.save(clock)
        unit.emit("test_helpers.test_clock.ready", clock)
        unit.flush()
