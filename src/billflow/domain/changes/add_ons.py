"""How many units of an add-on a plan holds, and what its tier and schedule allow (rules 35.2)."""

from billflow.domain.catalog import AddOn, Tier
from billflow.domain.commands import SetAddOn
from billflow.domain.currencies import in_steps
from billflow.domain.cycle import SWITCHES
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.ledger import LedgerEntry, is_ending
from billflow.domain.plan import Schedule
from billflow.domain.step import Step


def set_add_on(step: Step, command: SetAddOn) -> None:
    """Add units from now on, or take some away with the next renewal; raises `InvalidInput` or `Refused`."""
    last = step.add_ons.newest.get(command.add_on)
    held, following = (last.licenses, last.licenses_at_next_renewal) if last else (0, 0)
    if command.quantity > following:
        _check_sold(step, step.facts.catalog.add_on(command.add_on), command)
    elif last is None:
        step.facts.catalog.add_on(command.add_on)
    elif is_ending(step.plan):
        message = "The plan is about to end, and its add-ons with it; cancel the scheduled end first."
        raise Refused(message, code="plan_is_ending")
    price = _price(step, last, command)
    if command.quantity == following and (last is None or price == last.price):
        message = f"The next cycle already has {following} of {command.add_on}."
        raise Refused(message, code="no_change", field="quantity")
    step.add_ons.append(
        LedgerEntry(
            seq=step.next_seq,
            event_time=step.at,
            is_renewal=False,
            licenses=max(held, command.quantity),
            licenses_at_next_renewal=command.quantity,
            add_on=command.add_on,
            price=price,
        )
    )
    step.say("plan.add_on_changed", add_on=command.add_on, quantity=command.quantity, price=price)


def _price(step: Step, last: LedgerEntry | None, command: SetAddOn) -> int:
    """Return the price that was agreed on, else the one the plan has, else the listed one (rules 35.2)."""
    if command.price is not None:
        return in_steps(command.price, step.plan.currency, "price")
    if last is not None and last.price is not None:
        return last.price
    return step.facts.catalog.add_on(command.add_on).price(step.plan.schedule, step.plan.currency)


def _check_sold(step: Step, add_on: AddOn, command: SetAddOn) -> None:
    for tier in (step.tier, step.tier_at_renewal):
        add_on.check_sold_with(tier)
    if scheduled := SWITCHES.get(step.plan.status):
        add_on.price(scheduled, step.plan.currency)
    most = add_on.maximum_quantity
    if most is not None and command.quantity > most:
        message = f"A plan can have {most:,} of {add_on.name} at most; ask for fewer."
        raise Refused(message, code="too_many_add_ons", field="quantity")


def check_add_ons(step: Step, *, tier: Tier | None = None, schedule: Schedule | None = None) -> None:
    """Refuse a *tier* or *schedule* that what the plan renews with is not sold with; raises `Refused`."""
    for code, entry in step.add_ons.newest.items():
        add_on = step.facts.catalog.add_ons.get(code)
        if add_on is None or not entry.licenses_at_next_renewal:
            continue
        if tier and add_on.tiers and tier.code not in add_on.tiers:
            message = f"{add_on.name} is not sold with {tier.name}; set its quantity to 0 first."
            raise Refused(message, code="add_on_not_for_tier", field="tier")
        if schedule and schedule is not step.plan.schedule:
            try:
                add_on.price(schedule, step.plan.currency)
            except InvalidInput as error:
                message = f"{error.message.rstrip('.')}; set its quantity to 0 first."
                raise Refused(message, code="add_on_without_price", field="schedule") from None
