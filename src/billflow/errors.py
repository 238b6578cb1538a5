"""The kinds of errors around billing, and the one table of what every kind means: HTTP status and exit code.

It needs nothing but the domain's errors, so that the API, the command line and the client read the same table.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import NamedTuple

from billflow.domain.errors import BillingError, InvalidInput, NeedsAttention, NotFound, Refused


class BadRequest(InvalidInput):
    """The request can't be read at all.

    Send what the message says.
    """

    code = "malformed_body"


class Unauthorized(BillingError):
    """The request shows no API key, or one that is not accepted here.

    Send a valid key: `Authorization: Bearer bf_…`.
    """


class Forbidden(BillingError):
    """The API key is right, but does not allow this.

    Use a key that does.
    """


class MethodNotAllowed(InvalidInput):
    """The address does not take that method.

    Use one that the `Allow` header names; see /docs.
    """

    code = "method_not_allowed"


class PreconditionFailed(BillingError):
    """What is to be updated is not what the caller has read: its `ETag` is not the one in `If-Match`.

    Read it again and repeat the change with the new `ETag`.
    """

    code = "changed_meanwhile"


class BodyTooLarge(InvalidInput):
    """The body is larger than 2 MiB.

    Send less at once.
    """

    code = "body_too_large"


class TooManyRequests(BillingError):
    """The API key has used up its rate for the moment, or its address has sent too many wrong ones.

    Go on after the seconds in `Retry-After`.
    """

    code = "rate_limited"


class Unavailable(BillingError):
    """A server can't be reached or gives no usable answer, so whether the request was carried out is unknown.

    Repeat it in a moment, with the same idempotency key.
    """


class StepFailing(Unavailable):
    """A step of the plan fails: the billing database can't be reached, or what the step needs is not in it.

    Send the command again in a minute, with the same idempotency key; the plan tries by itself meanwhile.
    """

    code = "step_failing"

    def __init__(self) -> None:
        message = "A step of the plan fails at the moment; send the command again in a minute."
        super().__init__(message, retry_after=timedelta(minutes=1))


class InternalError(BillingError):
    """billflow itself failed, or is not set up as it must be.

    Look into the log; over HTTP the answer's `X-Request-Id` finds the entry.
    """

    code = "internal_error"
    public = "Something went wrong on our side; it is in our log under the X-Request-Id of this answer."


class CommandFailed(BillingError):
    """A command, or a process that serves, can't do what it was started for; this never comes over HTTP.

    Do what the message says, then start it again.
    """


class UsageError(CommandFailed):
    """The command line is wrong.

    See the command's `--help`.
    """

    code = "usage"


class ErrorKind(NamedTuple):
    """What the errors of one class mean; a status of None never comes over HTTP."""

    error: type[BillingError]
    http_status: int | None
    exit_code: int = 1


KINDS = (
    ErrorKind(BadRequest, HTTPStatus.BAD_REQUEST),
    ErrorKind(Unauthorized, HTTPStatus.UNAUTHORIZED),
    ErrorKind(Forbidden, HTTPStatus.FORBIDDEN),
    ErrorKind(NotFound, HTTPStatus.NOT_FOUND),
    ErrorKind(MethodNotAllowed, HTTPStatus.METHOD_NOT_ALLOWED),
    ErrorKind(Refused, HTTPStatus.CONFLICT),
    ErrorKind(NeedsAttention, HTTPStatus.CONFLICT),
    ErrorKind(PreconditionFailed, HTTPStatus.PRECONDITION_FAILED),
    ErrorKind(BodyTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ErrorKind(InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    ErrorKind(TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    ErrorKind(InternalError, HTTPStatus.INTERNAL_SERVER_ERROR),
    ErrorKind(Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    ErrorKind(UsageError, None, exit_code=2),
    ErrorKind(CommandFailed, None),
)
"""Every error is of the first kind whose class it derives from."""


def kind_of(error: type[BillingError]) -> ErrorKind:
    """Return the kind of a class of errors; every class but the root has one."""
    return next(kind for kind in KINDS if issubclass(error, kind.error))
