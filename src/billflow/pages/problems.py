"""What ends a request for a page, as an error with a code and a sentence."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from billflow.domain.errors import BillingError, InvalidInput, NotFound
from billflow.errors import InternalError, Unavailable
from billflow.models.contracts.validation import field_refusal

FAULTS = (BillingError, RequestValidationError, HTTPException, RPCError, TimeoutError)
"""What is told on a page; anything else is a fault of ours, which is logged."""


def problem_of(error: Exception) -> BillingError:
    """Return what is told of an error."""
    match error:
        case BillingError():
            return error
        case RequestValidationError():
            first = error.errors()[0]
            return field_refusal(first, ".".join(map(str, first["loc"][1:])))
        case HTTPException(status_code=404):
            return NotFound("There is no page at this address; search for what you look for.", code="no_such_route")
        case HTTPException():
            return InvalidInput("This address can't be asked that way; go back and try again.")
        case RPCError() | TimeoutError():
            return Unavailable("There was no answer in time; try again in a moment.", code="no_answer_in_time")
        case _:
            return InternalError("The request failed.")
