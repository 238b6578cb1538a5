"""Move test clocks: everything due on the way happens in order of time, then the clock is ready."""

from stripe_emulator.engine.due import BATCH, run_due
from stripe_emulator.engine.services import Services
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.storage import outbox
from stripe_emulator.types import Obj

KIND = "test_helpers.test_clock"


def start(unit: Unit, clock: Obj, target: int) -> None:
    """Have the clock moved to `target` soon; until then it is advancing."""
    clock.update(status="advancing", status_details={"advancing": {"target_frozen_time": target}})
    unit.save(clock)
    unit.emit("test_helpers.test_clock.advancing", clock)
    outbox.mark_clock(unit.db, clock["id"], unit.account)


def run_advancing(services: Services) -> int:
    """Do what is due on the clocks that were moved, or given something that is due at once; return how much."""
    with services.db.transaction():
        mark = outbox.take_mark(services.db)
    if mark is None:
        return 0
    clock = Unit(services, mark.account, Origin()).find(mark.object, KIND)
    if clock is None:
        return 1
    moving = clock["status"] == "advancing"
    target = clock["status_details"]["advancing"]["target_frozen_time"] if moving else clock["frozen_time"]
    more = run_due(services, clock["id"], target) == BATCH
    with services.db.transaction():
        if more:
            outbox.mark_clock(services.db, clock["id"], mark.account)
        elif moving:
            _finish(Unit(services, mark.account, Origin()), clock["id"], target)
    return 1


def _finish(unit: Unit, clock_id: str, target: int) -> None:
    clock = unit.get(KIND, clock_id)
    clock.update(status="ready", status_details={}, frozen_time=target)
    unit.save(clock)
    unit.emit("test_helpers.test_clock.ready", clock)
    unit.flush()
