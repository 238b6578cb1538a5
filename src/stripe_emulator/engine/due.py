"""Do what has fallen due: each task in a transaction of its own, as of the moment it was due."""

import logging
from collections.abc import Callable

from stripe_emulator.engine.services import Services
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.errors import StripeError
from stripe_emulator.storage import outbox
from stripe_emulator.types import Obj

log = logging.getLogger(__name__)
Task = Callable[[Unit, Obj], None]
# Requests are answered between batches.
BATCH = 50
TASKS: dict[str, tuple[str, Task]] = {}


def task(name: str, kind: str) -> Callable[[Task], Task]:
    """Register the function that a due task calls with its object of this kind."""

    def register(function: Task) -> Task:
        TASKS[name] = (kind, function)
        return function

    return register


def run_due(services: Services, test_clock: str | None, until: float) -> int:
    """Run the tasks due on a clock in order of time, at most `BATCH` of them, and return how many there were.

    Tasks that fall due because of earlier ones run too, as long as they are due by `until`.
    """
    for count in range(BATCH):
        if not _run_next(services, test_clock, until):
            return count
    return BATCH


def _run_next(services: Services, test_clock: str | None, until: float) -> bool:
    with services.db.transaction():
        due = outbox.take_due(services.db, test_clock, until)
        if due is None:
            return False
        services.db.execute("SAVEPOINT task")
        unit = Unit(services, due.account, Origin(), at=int(due.at))
        kind, function = TASKS[due.task]
        try:
            obj = unit.find(due.object, kind)
            if obj is not None:
                function(unit, obj)
            unit.flush()
        except StripeError as error:
            unit.flush() if error.keep_changes else services.db.execute("ROLLBACK TO task")
            log.info("%s of %s: %s", due.task, due.object, error.message)
        except Exception:
            services.db.execute("ROLLBACK TO task")
            log.exception("%s of %s failed and is not tried again", due.task, due.object)
    return True
