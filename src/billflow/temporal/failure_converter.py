"""Failures in few bytes: history keeps each of them, so they travel with a sentence and without a stack."""

from temporalio import activity
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

LONGEST_MESSAGE = 200


class ShortFailureConverter(DefaultFailureConverter):
    """Leaves out the stacks of what activities and workflows fail with; the worker has logged them.

    A fault in a workflow's own code keeps its stack: it fails a task that the server records once, not each time.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert an exception and its causes."""
        if not isinstance(exception, FailureError) and activity.in_activity():
            exception = _shortened(exception)
        if isinstance(exception, FailureError):
            exception.__traceback__ = None
        super().to_failure(exception, payload_converter, failure)


class EncodedShortFailureConverter(ShortFailureConverter):
    """Puts what is left of a failure where a codec encrypts it."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)


def _shortened(error: BaseException) -> ApplicationError:
    """Return an error by the beginning of its message; drivers of databases add statements and addresses of help."""
    message = str(error).partition("\n")[0][:LONGEST_MESSAGE]
    short = ApplicationError(message, type=type(error).__name__)
    short.__cause__ = error.__cause__
    return short
