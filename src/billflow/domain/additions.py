"""What was billed for the running cycle: its lines, and the licenses that were added within it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.proration import Derivation


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """A line of an invoice for the running cycle: what of it and its tax was not given back, and whether it is paid.

    Discounts are lines of their own. An amount given back for a whole invoice leaves exact shares of its lines. Where
    it comes from the records it has the `line_id` there.
    """

    amount: int | Fraction
    period: Period
    paid: bool
    line_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledAddition:
    """Licenses added within the running cycle, as far as they are billed (rules 8.9).

    `seq` is the first ledger entry of their line, `description` and `derivation` are that line's. One license was
    charged `unit` minor units in all, for its time up to `until`. `credited` tells that the line was credited,
    refunded, voided or given up, `of_add_on` that it was units of an add-on.
    """

    seq: int
    description: str
    of_add_on: bool = False
    derivation: Derivation
    unit: int
    until: datetime
    credited: bool = False

    @property
    def cycle(self) -> Period:
        """Return the cycle that the licenses were added in."""
        return self.derivation.cycle or self.derivation.period

    def adjusted(self, change: Derivation) -> "BilledAddition":
        """Return the addition once a line with that derivation is billed."""
        until = self.derivation.period.start + timedelta(microseconds=change.numerator)
        return replace(self, unit=self.unit + change.unit_amount, until=until)
