"""Where the collection of one invoice stands by its policy: what comes next, and what each outcome changes."""

from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.domain.dunning import DunningAction, NextAttempt, next_attempt, reminders_of
    from billflow.domain.plan import CollectionMethod
    from billflow.models.contracts.collection import CollectionTerms
    from billflow.models.contracts.invoices import CollectionOutcome, Declined, NotPaid, Open, Rejected, RequiresAction

REJECTED_RETRY = timedelta(days=1)
"""A request that Stripe refuses as wrong is tried again after so long: people correct it meanwhile."""


class DunningState:
    """An unpaid invoice under its policy; while `is_under_way` a payment is on its way at a bank.

    `attempts_before` counts the attempts before the invoice was issued anew: mails count on from there.
    """

    def __init__(self, terms: CollectionTerms, answered: int, now: datetime) -> None:
        self._terms = terms
        self.policy = terms.policy
        self.unpaid = terms.unpaid
        self.attempts = max(terms.attempts, answered)
        self._number = terms.unpaid.attempts or None
        self.is_under_way = terms.is_under_way
        self.attempts_before = terms.attempts_before
        self._again_at: datetime | None = None
        if terms.last_outcome == "rejected":
            self._again_at = now + REJECTED_RETRY
        elif self.is_under_way and not answered:
            # Started from the database, perhaps long after the bank answered: trying again looks before it charges.
            self._again_at = now

    def terms(self) -> CollectionTerms:
        """Return where the collection stands, for a run that goes on with it."""
        outcome = "open" if self.is_under_way else "rejected" if self._again_at else None
        standing = {"unpaid": self.unpaid, "attempts": self.attempts, "last_outcome": outcome}
        return self._terms.model_copy(update=standing)

    @property
    def by_card(self) -> bool:
        """Tell whether a card is charged."""
        return self.unpaid.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY

    @property
    def has_failed(self) -> bool:
        """Tell whether a charge was refused, or waits for the customer."""
        return self.by_card and self.unpaid.failed_at is not None

    @property
    def is_overdue(self) -> bool:
        """Tell whether the customer is behind: a charge failed, or the last reminder was sent."""
        return self.has_failed or self.unpaid.reminders >= len(reminders_of(self.policy, self.unpaid))

    def next(self, now: datetime) -> NextAttempt | None:
        """Return what to do next; None where only the customer can change things."""
        if self._again_at is not None:
            return NextAttempt(DunningAction.RETRY, max(self._again_at, now), self._number or 1)
        if self.attempts == 0:
            return NextAttempt(DunningAction.RETRY, now)
        if self.is_under_way or (self.by_card and self.unpaid.failed_at is None):
            return None
        return next_attempt(self.policy, self.unpaid, now)

    def took(self, outcome: CollectionOutcome, now: datetime, *, number: int | None) -> None:
        """Take in what came of an attempt; *number* says which of the policy's it was, None for one out of turn.

        Where Stripe had lost the invoice and it was issued anew, the policy begins anew with this attempt.
        """
        if isinstance(outcome, NotPaid) and outcome.due_anew_at is not None:
            self._begin_anew(outcome.due_anew_at)
        self.attempts += 1
        self._number = self._number if number is None else number
        self._again_at = now + REJECTED_RETRY if isinstance(outcome, Rejected) else None
        self.is_under_way = self.by_card and isinstance(outcome, Open)
        if isinstance(outcome, Declined | RequiresAction):
            self.failed(now, number=number, requires_action=isinstance(outcome, RequiresAction))

    def _begin_anew(self, due_at: datetime) -> None:
        self.attempts_before, self._number = self.attempts, None
        self.unpaid = replace(self.unpaid, due_at=due_at, failed_at=None, attempts=0, reminders=0)

    def fell_through(self, now: datetime, *, requires_action: bool) -> None:
        """Take in that the bank refused the charge that was under way, which is an outcome of its own."""
        self.attempts += 1
        self.failed(now, number=self._number, requires_action=requires_action)

    def failed(self, now: datetime, *, number: int | None, requires_action: bool) -> None:
        """Take in that a charge failed; the policy's days count from the first time."""
        self.is_under_way, self._again_at = False, None
        first = self.unpaid.failed_at is None
        attempts = 1 if first else self.unpaid.attempts if number is None else number + 1
        self.unpaid = replace(
            self.unpaid, failed_at=self.unpaid.failed_at or now, attempts=attempts, requires_action=requires_action
        )
