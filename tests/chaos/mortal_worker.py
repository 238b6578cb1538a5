"""A worker that kills itself, by SIGKILL, once for each plan: at the place of the plan's cutover that a file names.

A file of the folder `BILLFLOW_TEST_DEATHS` has a plan's id as its name, and a number and a place as its text: when the
plan comes to the place for the so-manieth time. Each place is noted in the file that ends in `.reached`, and the death
in one that ends in `.died`.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from billflow.cli.app import main
from billflow.payments.subscriptions import StripeSubscriptions
from billflow.store.plans.cutovers import PostgresCutoverRepository
from billflow.store.plans.repository import PostgresPlanRepository
from billflow.store.plans.step import StepWriter

FOLDER = Path(os.environ["BILLFLOW_TEST_DEATHS"])

Method = Callable[..., Awaitable[Any]]


def come_to(plan: str, place: str) -> None:
    """Note that a plan has come to a place, and die where it is the one that the plan's file names."""
    file, reached = FOLDER / plan, FOLDER / f"{plan}.reached"
    if not file.exists():
        return
    with reached.open("a") as places:
        places.write(f"{place}\n")
    number, _, deadly = file.read_text().partition(" ")
    if place != deadly or reached.read_text().splitlines().count(place) < int(number):
        return
    try:
        (FOLDER / f"{plan}.died").open("x").close()
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(owner: type, name: str, named: Callable[..., tuple[str, str]]) -> None:
    """Let a method of a class be a place before it begins, and one after it ended."""
    method: Method = getattr(owner, name)

    @wraps(method)
    async def wrapped(*args: Any, **options: Any) -> Any:
        plan, what = named(*args)
        come_to(plan, f"before {what}")
        result = await method(*args, **options)
        come_to(plan, f"after {what}")
        return result

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    mortal(StripeSubscriptions, "_held", lambda _self, old: (old.plan_id, "Stripe is read"))
    mortal(StripeSubscriptions, "_changed", lambda _self, old, *_: (old.plan_id, "Stripe is told"))
    mortal(PostgresCutoverRepository, "take_credit", lambda _self, plan, *_: (plan.plan_id, "credit is taken"))
    mortal(
        PostgresPlanRepository, "take_step", lambda _self, step, *_: (step.plan.plan_id, f"{step.kind} is committed")
    )
    mortal(StepWriter, "write", lambda writer, *_: (str(writer.rows.plan.id), f"{writer.step.kind} is written"))
    main(["worker"])
