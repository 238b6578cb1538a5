"""The errors a request can end with, in the shape Stripe gives them."""

from stripe_emulator.types import Obj

UNAUTHORIZED = 401
PAYMENT_REQUIRED = 402
NOT_FOUND = 404
CONFLICT = 409
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


class StripeError(Exception):
    """An answer other than 200.

    `keep_changes` says whether what the request did so far is committed (a declined charge leaves a record)
    or rolled back. `details` are further members of the error object, `headers` further headers of the answer.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.details: Obj = {}
        self.headers: dict[str, str] = {}
        self.keep_changes = False

    def body(self, request_id: str) -> Obj:
        """Return the JSON body; absent members are left out, as Stripe does."""
        error: Obj = {"type": self.kind, "message": self.message}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes#{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error.update(self.details)
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> StripeError:
    """Build the 400 of a request that cannot be carried out."""
    return StripeError(message, code=code, param=param)


def missing_resource(noun: str, identifier: str, param: str = "id") -> StripeError:
    """Build the 404 of an unknown id; a reference inside a body is a 400 at Stripe."""
    status = NOT_FOUND if param == "id" else 400
    return StripeError(f"No such {noun}: '{identifier}'", status=status, code="resource_missing", param=param)


def card_error(message: str, *, code: str, decline_code: str | None = None) -> StripeError:
    """Build the 402 of a refused card; what was recorded of the attempt is kept."""
    error = StripeError(message, status=PAYMENT_REQUIRED, kind="card_error", code=code)
    if decline_code is not None:
        error.details["decline_code"] = decline_code
    error.keep_changes = True
    return error
