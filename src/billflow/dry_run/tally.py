"""What the bills of many plans come to: by month and currency, by cause, and where it differs most."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from billflow.dry_run.bills import PlanBill
from billflow.dry_run.causes import Cause
from billflow.dry_run.comparison import PlanDifference
from billflow.dry_run.debts import NO_DEBTS, DebtSummary

WORST = 10
"""How many plans are shown of each currency, those whose total changes most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTotal:
    """What is billed in one currency by invoices dated in one month, such as 2027-01; minor units."""

    currency: str
    month: str
    before: int
    after: int
    difference: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseTotal:
    """How many plans differ for one cause, and what it makes of their bills in each currency, in minor units."""

    cause: Cause
    plans: int
    differences: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTotal:
    """How many plans can't be billed up to the date for one reason, by the rules of today and by the others."""

    code: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunSummary:
    """What a dry run found in all its plans, of which `worst` differ most, and in the debts that are open."""

    plans: int
    different: int
    causes: tuple[CauseTotal, ...]
    totals: tuple[MonthTotal, ...]
    on_hold: tuple[HoldTotal, ...]
    worst: tuple[PlanDifference, ...]
    debts: DebtSummary = NO_DEBTS


@dataclass
class Tally:
    """Adds up plans one by one, and summaries of others."""

    plans: int = 0
    different: int = 0
    causes: Counter[Cause] = field(default_factory=Counter)
    effects: Counter[tuple[Cause, str]] = field(default_factory=Counter)
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    after: Counter[tuple[str, str]] = field(default_factory=Counter)
    held_before: Counter[str] = field(default_factory=Counter)
    held_after: Counter[str] = field(default_factory=Counter)
    worst: list[PlanDifference] = field(default_factory=list)

    def add(self, before: PlanBill, after: PlanBill, difference: PlanDifference | None) -> None:
        """Add one plan with its bills, and what is otherwise in the second."""
        self.plans += 1
        for totals, held, bill in ((self.before, self.held_before, before), (self.after, self.held_after, after)):
            for invoice in bill.invoices:
                totals[invoice.currency, f"{invoice.at:%Y-%m}"] += invoice.total
            if bill.on_hold:
                held[bill.on_hold.code] += 1
        if difference is None:
            return
        self.different += 1
        for cause, effect in difference.causes.items():
            self.causes[cause] += 1
            self.effects[cause, difference.currency] += effect
        self._rank([difference])

    def merge(self, other: DryRunSummary) -> None:
        """Add other plans that are added up already."""
        self.plans += other.plans
        self.different += other.different
        for cause in other.causes:
            self.causes[cause.cause] += cause.plans
            for currency, effect in cause.differences.items():
                self.effects[cause.cause, currency] += effect
        for total in other.totals:
            self.before[total.currency, total.month] += total.before
            self.after[total.currency, total.month] += total.after
        for hold in other.on_hold:
            self.held_before[hold.code] += hold.before
            self.held_after[hold.code] += hold.after
        self._rank(other.worst)

    def summary(self) -> DryRunSummary:
        """Return what was added, causes with the most plans first."""
        return DryRunSummary(
            plans=self.plans,
            different=self.different,
            causes=tuple(self._cause(cause, plans) for cause, plans in self.causes.most_common()),
            totals=tuple(self._total(*key) for key in sorted(self.before | self.after)),
            on_hold=tuple(
                HoldTotal(code=code, before=self.held_before[code], after=self.held_after[code])
                for code in sorted(self.held_before | self.held_after)
            ),
            worst=tuple(self.worst),
        )

    def _cause(self, cause: Cause, plans: int) -> CauseTotal:
        differences = {currency: effect for (of, currency), effect in sorted(self.effects.items()) if of is cause}
        return CauseTotal(cause=cause, plans=plans, differences=differences)

    def _total(self, currency: str, month: str) -> MonthTotal:
        before, after = self.before[currency, month], self.after[currency, month]
        return MonthTotal(currency=currency, month=month, before=before, after=after, difference=after - before)

    def _rank(self, found: Iterable[PlanDifference]) -> None:
        """Keep those of each currency that differ most, a plan that is newly on hold before all others."""
        by_currency: defaultdict[str, list[PlanDifference]] = defaultdict(list)
        for one in (*self.worst, *found):
            by_currency[one.currency].append(one)
        ranked = (sorted(ones, key=_rank)[:WORST] for _, ones in sorted(by_currency.items()))
        self.worst = [one for ones in ranked for one in ones]


def _rank(one: PlanDifference) -> tuple[bool, int, str]:
    newly_held = one.on_hold_after is not None and one.on_hold_before is None
    return not newly_held, -abs(one.difference), one.plan_id
