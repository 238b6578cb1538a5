"""Every way billflow says no, as one tree sorted by what the caller can do about it.

BillingError
├── InvalidInput        change the request: a field is malformed or out of range
├── NotFound            name something that exists
├── Refused             the request is well formed, but a billing rule forbids it now
│   ├── NotEnoughLicenses, TooManyLicenses
│   ├── PlanEnded, PlanReplaced, AlreadySubscribed, IllegalTransition
│   └── (other refusals carry their own code)
└── NeedsAttention      the plan is on hold until its cause is gone or support retries

Every error has a stable snake_case `code`, a sentence for people, and where it helps the `field` at fault.
"""


class BillingError(Exception):
    """Say no with a stable code and one clear sentence."""

    code = "billing_error"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field


class InvalidInput(BillingError, ValueError):
    """The request itself is wrong; also a `ValueError`, so that pydantic reports it per field."""

    code = "invalid_input"


class NotFound(BillingError):
    """Nothing of that name exists for this organization."""

    code = "not_found"


class Refused(BillingError):
    """A billing rule forbids what was asked, in the state the plan or customer is in."""

    code = "refused"


class NotEnoughLicenses(Refused):
    """Fewer licenses were asked for than are in use or than the tier allows (rules 7.1)."""

    code = "not_enough_licenses"

    def __init__(self, minimum: int) -> None:
        super().__init__(f"At least {minimum} licenses are needed.", field="licenses")
        self.minimum = minimum


class TooManyLicenses(Refused):
    """More licenses were asked for than may be bought without talking to us."""

    code = "too_many_licenses"

    def __init__(self, maximum: int) -> None:
        super().__init__(f"At most {maximum} licenses can be bought this way; contact support.", field="licenses")
        self.maximum = maximum


class PlanEnded(Refused):
    """The plan has ended and takes no more commands."""

    code = "plan_ended"

    def __init__(self) -> None:
        super().__init__("The plan has ended; start a new one.")


class PlanReplaced(Refused):
    """A switch gave the customer another plan in the meantime (rules 19)."""

    code = "plan_replaced"

    def __init__(self) -> None:
        super().__init__("The plan was replaced by a new one; send the command to that plan.")


class AlreadySubscribed(Refused):
    """The customer has a live plan, and there may be only one."""

    code = "already_subscribed"

    def __init__(self) -> None:
        super().__init__("The customer already has a live plan; change or end that one first.")


class IllegalTransition(Refused):
    """The command has no meaning for a plan in this status."""

    code = "illegal_transition"

    def __init__(self, command: str, status: str) -> None:
        super().__init__(f"A plan in status {status} does not accept {command}.")


class NeedsAttention(BillingError):
    """The plan can't go on by itself; it is on hold with this reason and retried (rules 9.1)."""

    code = "needs_attention"
