"""`billflow dunning`: how unpaid invoices are collected."""

from collections.abc import Sequence
from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject, given
from billflow.cli.output import FactList, Output, yes_or_no
from billflow.cli.params import Reason
from billflow.cli.session import Api, CommandGroup
from billflow.domain.errors import InvalidInput

app = CommandGroup()

OFF = "off"

_SmallOrganizations = Annotated[
    str | None,
    typer.Option(metavar="SEATS:INVOICES", help="End plans of fewer seats whose newest invoices are unpaid; off."),
]


@app.on_api("dunning show", "dunning show --json")
def show(api: Api) -> Output:
    """Show the organization's policy."""
    return _output(api.get("/dunning"))


@app.on_api(
    "dunning set --retry-after 1,3,5,7 --end-plan-after 30",
    "dunning set --remind=-3,0,7 --no-suspend --end-plan-after off --small-organizations 5:2",
    name="set",
)
def set_(  # noqa: PLR0913  (each is one part of the policy)
    api: Api,
    *,
    retry_after: Annotated[
        str | None, typer.Option(metavar="DAYS", help="When a card is tried again: days after the first failure.")
    ] = None,
    remind: Annotated[
        str | None, typer.Option(metavar="DAYS", help="When is reminded of a sent invoice: days after its due date.")
    ] = None,
    suspend: Annotated[bool | None, typer.Option(help="Suspend the customer after all tries and reminders.")] = None,
    end_plan_after: Annotated[
        str | None, typer.Option(metavar="DAYS", help="End the plan so many days after that; off: never.")
    ] = None,
    mark_uncollectible: Annotated[bool | None, typer.Option(help="Give the debt up after all that.")] = None,
    small_organizations: _SmallOrganizations = None,
    reason: Reason = None,
) -> Output:
    """Change parts of the policy; collections that run keep the one they began with."""
    changes = given(
        retry_after_days=_days("retry-after", retry_after),
        reminder_days=_days("remind", remind),
        suspend_customer=suspend,
        mark_uncollectible=mark_uncollectible,
    )
    if end_plan_after is not None:
        changes["end_plan_after_days"] = None if end_plan_after == OFF else _number("end-plan-after", end_plan_after)
    if small_organizations is not None:
        changes["small_organizations"] = None if small_organizations == OFF else _small(small_organizations)
    if not changes:
        raise InvalidInput("Name what to change, such as --retry-after 1,3,5,7.", field="policy")

    return _output(api.write("PATCH", "/dunning", changes | given(reason=reason)))


def _days(option: str, text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    return tuple(_number(option, part) for part in text.split(",")) if text.strip() != OFF else ()


def _number(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(
            f"--{option}: {text.strip()!r} is no number of days; write days such as 1,3,5.", field=option
        ) from None


def _small(text: str) -> dict[str, int]:
    seats, colon, invoices = text.partition(":")
    if not colon or not (seats.isascii() and seats.isdigit() and invoices.isascii() and invoices.isdigit()):
        raise InvalidInput(
            "--small-organizations: write it as SEATS:INVOICES, such as 5:2.", field="small_organizations"
        )
    return {"seats": int(seats), "invoices": int(invoices)}


def _output(policy: JsonObject) -> Output:
    small, days = policy.small_organizations, policy.end_plan_after_days
    shown = {
        "cards are tried again after days": _listed(policy.retry_after_days),
        "sent invoices are reminded of on days": _listed(policy.reminder_days),
        "then the customer is suspended": yes_or_no(policy.suspend_customer),
        "the plan ends after days more": OFF if days is None else str(days),
        "then the debt is given up": yes_or_no(policy.mark_uncollectible),
        "small organizations are written off": f"below {small.seats} seats, {small.invoices} invoices unpaid"
        if small
        else OFF,
    }
    return Output(policy, FactList("How unpaid invoices are collected", shown))


def _listed(days: Sequence[int]) -> str:
    return ", ".join(map(str, days)) or "never"
