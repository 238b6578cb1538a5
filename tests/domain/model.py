"""A second opinion: what a customer owes, told as simply as possible and without any of billflow's code."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor

PRICES = {
    "cloud_standard": {"monthly": 800, "quarterly": 2400, "half_yearly": 4800, "annual": 8000},
    "cloud_plus": {"monthly": 1200, "quarterly": 3600, "half_yearly": 7200, "annual": 12000},
}
MINIMUM = {"cloud_standard": 1, "cloud_plus": 10}
MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "annual": 12}
SECOND = timedelta(seconds=1)


def moved(anchor: datetime, months: int) -> datetime:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, monthrange(year, month + 1)[1]))


def after(anchor: datetime, step: int, moment: datetime) -> datetime:
    count = 0
    while moved(anchor, count) <= moment:
        count += step
    return moved(anchor, count)


@dataclass(frozen=True, order=True)
class Charge:
    """Licenses paid for from `start` to `end`, at `unit` each."""

    start: datetime
    end: datetime
    quantity: int
    unit: int


@dataclass
class Added:
    """Licenses added within the running cycle: what one of them was charged so far, and up to when."""

    start: datetime
    until: datetime
    quantity: int
    unit: int


@dataclass
class Model:
    """One customer, always whole seconds; `pending` are additions that no invoice has yet."""

    anchor: datetime
    schedule: str
    held: int
    seats: int
    automatic: bool
    tier: str = "cloud_standard"
    trial_ends: datetime | None = None
    charges: list[Charge] = field(default_factory=list)
    credits: list[int] = field(default_factory=list)
    pending: list[tuple[datetime, int]] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    suspended: bool = False
    alive: bool = True
    ending: bool = False
    switching: bool = False
    end_date: datetime | None = None
    waits: bool = False

    def __post_init__(self) -> None:
        self.following = self.held
        self.cycle = (self.anchor, self.trial_ends or after(self.anchor, MONTHS[self.schedule], self.anchor))
        self.visit = self.trial_ends or after(self.anchor, 1, self.anchor)
        if not self.trial_ends:
            self._charge_cycle()

    @property
    def price(self) -> int:
        return PRICES[self.tier][self.schedule]

    @property
    def cycle_over_at(self) -> datetime:
        return min(self.cycle[1], self.end_date or self.cycle[1])

    def _charge_cycle(self) -> None:
        self.charges.append(Charge(self.cycle[0], self.cycle[1], self.held, self.price))
        self.added = []

    def _begin(self, start: datetime, licenses: int) -> None:
        self.held = self.following = licenses
        self.cycle = (start, after(self.anchor, MONTHS[self.schedule], start))
        self.waits = False
        self._charge_cycle()

    def pass_to(self, moment: datetime) -> None:
        while self.alive and min(self.visit, self.end_date or self.visit) <= moment:
            now = min(self.visit, self.end_date or self.visit)
            over = self.cycle_over_at <= now
            if self.suspended:
                self._pass_suspended(now, over=over)
            else:
                self._pass(now, over=over)
            if now == self.visit:
                self.visit = after(self.anchor, 1, now)

    def _pass_suspended(self, now: datetime, *, over: bool) -> None:
        if (self.end_date and self.end_date <= now) or (over and self.ending):
            self.alive = False
            self.pending = []
        elif over:
            if self.trial_ends:
                self.anchor, self.trial_ends, self.pending = now, None, []
            self.waits = True

    def _pass(self, now: datetime, *, over: bool) -> None:
        if self.trial_ends:
            if over:
                self._end_trial(now)
            return
        if over and self._is_last(now):
            self.alive = False
            self._bill(self.cycle_over_at)
        else:
            # A switch renews on an invoice of its own.
            self._bill(self.cycle_over_at, self.following * self.price if over and not self.switching else 0)
            if over:
                self._renew(now)

    def _is_last(self, now: datetime) -> bool:
        return self.ending or (self.end_date is not None and self.end_date <= now)

    def _end_trial(self, now: datetime) -> None:
        self.trial_ends, self.pending = None, []
        self.anchor = now
        if self.ending:
            self.alive = False
        else:
            self._begin(now, self.following)

    def _renew(self, now: datetime) -> None:
        if self.switching:
            self.schedule = "annual" if self.schedule == "monthly" else "monthly"
            self.anchor, self.switching = now, False
        self._begin(now, self.following)

    def _bill(self, until: datetime, renewal: int = 0) -> None:
        """Bill what was added, and follow an end that moved; what is owed beyond the charges goes to the balance."""
        made = len(self.charges)
        for one in self.added:
            unit = self._prorated(one.start, until)
            if unit != one.unit:
                span = sorted((one.until, until))
                self.charges.append(Charge(span[0], span[1], one.quantity, unit - one.unit))
                one.unit, one.until = unit, until
        self._bill_pending(until)
        owed = -renewal - sum(charge.quantity * charge.unit for charge in self.charges[made:])
        self.credits += [owed] if owed > 0 else []

    def _prorated(self, start: datetime, until: datetime) -> int:
        share = Fraction((until - start) // SECOND, (self.cycle[1] - self.cycle[0]) // SECOND)
        return floor(self.price * share + Fraction(1, 2))

    def _bill_pending(self, until: datetime) -> None:
        for moment, quantity in self.pending:
            unit = self._prorated(moment, until)
            self.charges.append(Charge(moment, until, quantity, unit))
            self.added.append(Added(moment, until, quantity, unit))
        self.pending = []

    def _hold(self, moment: datetime, licenses: int) -> None:
        if licenses > self.held:
            self.pending.append((moment, licenses - self.held))
            self.held = licenses

    def observe(self, moment: datetime, people: int) -> None:
        changed, self.seats = people != self.seats, people
        if changed and self.alive and self.automatic and not self.suspended:
            self.following = max(people, MINIMUM[self.tier])
            self._hold(moment, self.following)

    def buy(self, moment: datetime, licenses: int) -> None:
        self._hold(moment, licenses)
        self.following = licenses

    def end(self) -> None:
        self.alive, self.pending = False, []

    def upgrade(self, moment: datetime) -> None:
        unused = (
            c.quantity * c.unit * Fraction((c.end - max(moment, c.start)) // SECOND, (c.end - c.start) // SECOND)
            for c in self._running(moment)
        )
        credit = ceil(sum(unused, Fraction(0)))
        self.credits += [credit] if credit > 0 else []
        self.added = [one for one in self.added if one.until <= moment]
        self._bill(moment)
        self.tier, self.anchor, self.end_date = "cloud_plus", moment, None
        self.visit = after(moment, 1, moment)
        self._begin(moment, max(self.seats, MINIMUM[self.tier]) if self.automatic else self.following)

    def _running(self, moment: datetime) -> list[Charge]:
        return [charge for charge in self.charges if charge.end > moment]

    def come_back(self, moment: datetime) -> None:
        self.suspended = False
        if not self.alive:
            return
        if not self.waits and self.cycle_over_at > moment:
            if self.automatic:
                self.following = max(self.seats, MINIMUM[self.tier])
                self._hold(moment, self.following)
            return
        self._bill_pending(self.cycle_over_at)
        if self.automatic:
            self.following = max(self.seats, MINIMUM[self.tier])
        if self.ending:
            self.alive = False
            return
        if self.switching:
            self.schedule = "annual" if self.schedule == "monthly" else "monthly"
            self.switching = False
        self.anchor = moment
        self._begin(moment, self.following)
        self.visit = after(moment, 1, moment)
