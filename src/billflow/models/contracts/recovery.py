"""What a recovery found and started."""

from enum import StrEnum

from billflow.models.contracts.base import Contract


class RecoveredKind(StrEnum):
    """What workflows are made anew of."""

    PLANS = "plans"
    COLLECTIONS = "collections"
    ADJUSTMENTS = "adjustments"
    ONBOARDINGS = "onboardings"
    PLAN_BATCHES = "plan_batches"
    DRY_RUNS = "dry_runs"
    MAILS = "mails"
    DELIVERIES = "deliveries"


class RecoveredRecord(Contract):
    """How many workflows of a kind there should be: those that ran, those that were started, and those woken."""

    kind: RecoveredKind
    running: int = 0
    started: int = 0
    woken: int = 0


class RecoveryReport(Contract):
    """What became of a recovery; `organizations` counts those that were gone through."""

    organizations: int
    seconds: float
    kinds: tuple[RecoveredRecord, ...]
