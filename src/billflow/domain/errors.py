"""The kinds of errors that billing itself knows; the root of the one tree that every error of billflow is in.

BillingError
├── InvalidInput        change the request: a field is malformed or out of range
├── NotFound            name something that exists
├── Refused             the request is well formed, but a billing rule forbids it now
│   ├── NotEnoughLicenses, TooManyLicenses
│   └── PlanEnded, PlanReplaced, AlreadySubscribed, IllegalTransition
├── NeedsAttention      the plan is on hold until its cause is gone or support retries
└── (billflow.errors)   what concerns requests, servers and processes

Every error has a stable snake_case `code`, a sentence for people, and where it helps the `field` at fault. A code
belongs to a class, whose docstring says in two paragraphs when it comes and what to do, or is given to a kind where it
is raised and has its row in `errors.toml`. `docs/errors.md` lists them all.
"""

from datetime import timedelta
from typing import ClassVar


class BillingError(Exception):
    """Say no with a stable code and one clear sentence, and where it is known after how long to ask again."""

    code: str

    public: ClassVar[str] = ""
    """What callers over HTTP are told instead of the message, where that names what is only ours to know."""

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.retry_after = retry_after


class InvalidInput(BillingError, ValueError):  # a ValueError, so that pydantic reports it per field
    """A field of the request is malformed or out of range.

    Correct the field that the answer names.
    """

    code = "invalid_input"


class NotFound(BillingError):
    """Nothing of that id or name exists for this organization.

    Name something that exists; lists show what does.
    """

    code = "not_found"


class Refused(BillingError):
    """A billing rule forbids what was asked, in the state the plan or customer is in.

    Do what the message says first, then ask again.
    """


class NotEnoughLicenses(Refused):
    """Fewer licenses were asked for than are in use, or than the tier or an agreement demands.

    Ask for at least as many as the message says.
    """

    code = "not_enough_licenses"

    def __init__(self, minimum: int) -> None:
        super().__init__(f"At least {minimum} licenses are needed.", field="licenses")
        self.minimum = minimum


class TooManyLicenses(Refused):
    """More licenses were asked for than may be bought without talking to support.

    Ask for fewer, or let support make an offer.
    """

    code = "too_many_licenses"

    def __init__(self, maximum: int) -> None:
        super().__init__(f"At most {maximum} licenses can be bought this way; contact support.", field="licenses")
        self.maximum = maximum


class PlanEnded(Refused):
    """The plan has ended and takes no more commands.

    Start a new plan.
    """

    code = "plan_ended"

    def __init__(self) -> None:
        super().__init__("The plan has ended; start a new one.")


class PlanReplaced(Refused):
    """A scheduled switch gave the customer another plan in the meantime.

    Send the command to the new plan.
    """

    code = "plan_replaced"

    def __init__(self) -> None:
        super().__init__("The plan was replaced by a new one; send the command to that plan.")


class AlreadySubscribed(Refused):
    """The customer has a live plan, and there may be only one.

    Change that plan, or end it first.
    """

    code = "already_subscribed"

    def __init__(self) -> None:
        super().__init__("The customer already has a live plan; change or end that one first.")


class IllegalTransition(Refused):
    """The command has no meaning for a plan in this status.

    See docs/lifecycle.md for what a plan takes in which status.
    """

    code = "illegal_transition"

    def __init__(self, command: str, status: str) -> None:
        super().__init__(f"A plan in status {status} does not accept {command}.")


class NeedsAttention(BillingError):
    """The plan can't go on by itself; it is on hold with this reason and retried every hour.

    Remove the cause; then wait, or send the command `retry`.
    """
