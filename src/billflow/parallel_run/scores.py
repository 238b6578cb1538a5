"""How a parallel run goes: billing dates counted by verdict, by day, by plan and by cause."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from billflow.dry_run.report_rows import derived
from billflow.models.contracts.parallel_runs import CauseScore, DayScore, DifferentLine
from billflow.parallel_run.comparison import ComparedDate, ComparedVerdict


def score(dates: Iterable[ComparedDate]) -> dict[str, Any]:
    """Return the fields of a `Score`; amounts are sums of the dates that don't wait."""
    found = list(dates)
    counts, told = (
        Counter(one.verdict for one in found),
        [one for one in found if one.verdict is not ComparedVerdict.WAITING],
    )
    return {
        **{verdict.value: counts[verdict] for verdict in ComparedVerdict},
        "compared": counts[ComparedVerdict.EQUAL] + counts[ComparedVerdict.DIFFERENT],
        "computed": sum(one.computed or 0 for one in told),
        "issued": sum(one.issued or 0 for one in told),
        "difference": sum(one.difference for one in told),
    }


def by_day(dates: Iterable[ComparedDate]) -> tuple[DayScore, ...]:
    """Return a score for each day and currency, the newest first."""
    days: defaultdict[tuple[date, str], list[ComparedDate]] = defaultdict(list)
    for one in dates:
        days[one.at.date(), one.currency].append(one)
    ordered = sorted(days, key=lambda key: (-key[0].toordinal(), key[1]))
    return tuple(_of_day(*key, score(days[key])) for key in ordered)


def _of_day(day: date, currency: str, found: dict[str, Any]) -> DayScore:
    told = found["compared"] + found["not_issued"] + found["not_computed"]
    percent = f"{(2000 * found['equal'] + told) // (2 * told) / 10:.1f}" if told else None
    return DayScore(day=day, currency=currency, percent_equal=percent, **found)


def by_cause(plans: Iterable[Iterable[ComparedDate]]) -> tuple[CauseScore, ...]:
    """Return how many plans differ for each cause, the most frequent first."""
    counts: Counter[str] = Counter()
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for dates in plans:
        causes = set()
        for one in dates:
            for cause, effect in one.causes.items():
                causes.add(cause.value)
                sums[cause.value][one.currency] += effect
        counts.update(causes)
    return tuple(
        CauseScore(cause=cause, plans=count, differences=dict(sorted(sums[cause].items())))
        for cause, count in counts.most_common()
    )


def tax_not_compared(dates: Iterable[ComparedDate]) -> dict[str, int]:
    """Return how much tax of Stripe's was taken as it is, since only Stripe computes it, by currency."""
    sums = Counter[str]()
    for one in dates:
        sums[one.currency] += one.tax_not_compared
    return {currency: amount for currency, amount in sorted(sums.items()) if amount}


def different_lines(found: ComparedDate) -> tuple[DifferentLine, ...]:
    """Return the lines of a date that differ, with how each amount came about."""
    return tuple(
        DifferentLine(
            kind=line.kind,
            description=line.description,
            computed=line.after.amount if line.after else None,
            issued=line.before.amount if line.before else None,
            difference=line.difference,
            causes={cause.value: effect for cause, effect in line.causes.items()},
            computed_derivation=derived(line.after, found.currency),
            issued_derivation=derived(line.before, found.currency),
        )
        for line in found.lines
    )
