"""Why a part of the embedded stack could not be started, in one sentence each."""

from billflow.domain.errors import BillingError


class StackError(BillingError):
    """The embedded stack cannot run as asked."""

    code = "stack_error"


class PortInUse(StackError):
    """A port that was named belongs to another program."""

    code = "port_in_use"


class FolderInUse(StackError):
    """Another billflow works on the same data folder."""

    code = "folder_in_use"


class PartUnavailable(StackError):
    """This platform has no wheel of the part; the message says which variable to set instead."""

    code = "no_such_part"


class PartFailed(StackError):
    """A part did not start, or died; the message carries the end of its log."""

    code = "part_failed"
