"""What becomes of open debts by today's dunning policy and by a changed one, and what differs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from billflow.domain.debts import Debt, DebtAction, DebtStep, foresee
from billflow.domain.dunning import DunningPolicy
from billflow.dry_run.debt_facts import RecordedDebtor

WORST_DEBTS = 10
"""How many debts are shown of each currency, those with the gravest difference and the largest amount."""


class DebtCause(StrEnum):
    """What becomes of a debt otherwise."""

    RETRIES = "retries"
    """The card is charged on other days."""

    REMINDERS = "reminders"
    """The customer is reminded, or asked to confirm a payment, on other days."""

    SUSPENSION = "suspension"
    """The customer is suspended at another time, or not."""

    PLAN_END = "plan end"
    """Its plan ends at another time, or does not."""

    WRITE_OFF = "write-off"
    """The debt is given up at another time, or is not."""

    VOID = "void"
    """It is void at another time, or is not."""


_CAUSES = {
    DebtAction.RETRY: DebtCause.RETRIES,
    DebtAction.REMIND: DebtCause.REMINDERS,
    DebtAction.AWAIT_CUSTOMER: DebtCause.REMINDERS,
    DebtAction.SUSPEND_CUSTOMER: DebtCause.SUSPENSION,
    DebtAction.END_PLAN: DebtCause.PLAN_END,
    DebtAction.MARK_UNCOLLECTIBLE: DebtCause.WRITE_OFF,
    DebtAction.VOID: DebtCause.VOID,
}
_GRAVITY = list(DebtCause)

Kind = TypeVar("Kind", DebtAction, DebtCause)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtDifference:
    """A debt of which something else becomes; `amount` is open, in minor units."""

    invoice_id: str
    number: str | None
    plan_id: str
    customer_id: str
    currency: str
    amount: int
    causes: tuple[DebtCause, ...]
    before: tuple[DebtStep, ...]
    after: tuple[DebtStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTotal:
    """How often something happens by today's policy and by the other one, and to how much of each currency's debts."""

    action: DebtAction
    before: int
    after: int
    amounts_before: Mapping[str, int]
    amounts_after: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtCauseTotal:
    """Of how many debts something else becomes in one way, and how much they are in each currency."""

    cause: DebtCause
    debts: int
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtSummary:
    """What becomes of all debts that are open; `worst` are those with the gravest difference."""

    debts: int = 0
    different: int = 0
    amounts: Mapping[str, int] = field(default_factory=dict)
    actions: tuple[ActionTotal, ...] = ()
    causes: tuple[DebtCauseTotal, ...] = ()
    worst: tuple[DebtDifference, ...] = ()


NO_DEBTS = DebtSummary()

DebtOutcome = tuple[Debt, tuple[DebtStep, ...], tuple[DebtStep, ...]]


def compared(
    before: DunningPolicy, after: DunningPolicy, recorded: RecordedDebtor, until: datetime
) -> Iterator[tuple[DebtOutcome, DebtDifference | None]]:
    """Yield each debt of a customer with what becomes of it by either policy, and what differs, if anything."""
    debtor, now = recorded.debtor, recorded.now
    todays = foresee(before, debtor, now, until)
    others = todays if before == after else foresee(after, debtor, now, until)
    for debt in debtor.debts:
        old, new = todays[debt.invoice_id], others[debt.invoice_id]
        different = None if old == new else _difference(debtor.customer_id, debt, old, new)
        yield (debt, old, new), different


def _difference(
    customer_id: str, debt: Debt, before: tuple[DebtStep, ...], after: tuple[DebtStep, ...]
) -> DebtDifference:
    return DebtDifference(
        invoice_id=debt.invoice_id,
        number=debt.number,
        plan_id=debt.plan_id,
        customer_id=customer_id,
        currency=debt.currency,
        amount=debt.amount,
        causes=tuple(dict.fromkeys(_CAUSES[one] for one in DebtAction if _of(before, one) != _of(after, one))),
        before=before,
        after=after,
    )


def _of(steps: tuple[DebtStep, ...], action: DebtAction) -> list[datetime]:
    return [step.at for step in steps if step.action is action]


@dataclass
class DebtTally:
    """Adds up debts one by one, and summaries of others."""

    debts: int = 0
    different: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    times: tuple[Counter[DebtAction], Counter[DebtAction]] = field(default_factory=lambda: (Counter(), Counter()))
    reached: tuple[Counter[tuple[DebtAction, str]], Counter[tuple[DebtAction, str]]] = field(
        default_factory=lambda: (Counter(), Counter())
    )
    causes: Counter[DebtCause] = field(default_factory=Counter)
    caused: Counter[tuple[DebtCause, str]] = field(default_factory=Counter)
    worst: list[DebtDifference] = field(default_factory=list)

    def add(self, outcome: DebtOutcome, difference: DebtDifference | None) -> None:
        """Add one debt with what becomes of it, and what differs."""
        debt, *sides = outcome
        self.debts += 1
        self.amounts[debt.currency] += debt.amount
        for times, reached, steps in zip(self.times, self.reached, sides, strict=True):
            times.update(step.action for step in steps)
            for action in {step.action for step in steps}:
                reached[action, debt.currency] += debt.amount
        if difference is None:
            return
        self.different += 1
        for cause in difference.causes:
            self.causes[cause] += 1
            self.caused[cause, debt.currency] += debt.amount
        self._rank([difference])

    def merge(self, other: DebtSummary) -> None:
        """Add other debts that are added up already."""
        self.debts += other.debts
        self.different += other.different
        self.amounts.update(other.amounts)
        for total in other.actions:
            sides = ((total.before, total.amounts_before), (total.after, total.amounts_after))
            for times, reached, (count, amounts) in zip(self.times, self.reached, sides, strict=True):
                times[total.action] += count
                reached.update({(total.action, currency): amount for currency, amount in amounts.items()})
        for cause in other.causes:
            self.causes[cause.cause] += cause.debts
            self.caused.update({(cause.cause, currency): amount for currency, amount in cause.amounts.items()})
        self._rank(other.worst)

    def summary(self) -> DebtSummary:
        """Return what was added; actions and causes with the least grave first."""
        before, after = self.times
        return DebtSummary(
            debts=self.debts,
            different=self.different,
            amounts=dict(sorted(self.amounts.items())),
            actions=tuple(self._action(one) for one in DebtAction if before[one] or after[one]),
            causes=tuple(
                DebtCauseTotal(cause=one, debts=self.causes[one], amounts=_part(self.caused, one))
                for one in DebtCause
                if self.causes[one]
            ),
            worst=tuple(self.worst),
        )

    def _action(self, action: DebtAction) -> ActionTotal:
        (before, after), (reached_before, reached_after) = self.times, self.reached
        return ActionTotal(
            action=action,
            before=before[action],
            after=after[action],
            amounts_before=_part(reached_before, action),
            amounts_after=_part(reached_after, action),
        )

    def _rank(self, found: Iterable[DebtDifference]) -> None:
        by_currency: defaultdict[str, list[DebtDifference]] = defaultdict(list)
        for one in (*self.worst, *found):
            by_currency[one.currency].append(one)
        ranked = (sorted(ones, key=_rank)[:WORST_DEBTS] for _, ones in sorted(by_currency.items()))
        self.worst = [one for ones in ranked for one in ones]


def _part(amounts: Mapping[tuple[Kind, str], int], wanted: Kind) -> dict[str, int]:
    return {currency: amount for (of, currency), amount in sorted(amounts.items()) if of is wanted}


def _rank(one: DebtDifference) -> tuple[int, int, str]:
    gravest = max((_GRAVITY.index(cause) for cause in one.causes), default=-1)
    return -gravest, -one.amount, one.invoice_id
