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


class FolderNotOurs(StackError):
    """The data folder, or a file in it, belongs to another user."""

    code = "folder_not_ours"


class FolderUnusable(StackError):
    """The data folder is where a server can't keep its data: too little room, too long a path, no owners of files."""

    code = "folder_unusable"


class NoSuchUser(StackError):
    """There is no user as whom PostgreSQL would run."""

    code = "no_such_user"


class PartUnavailable(StackError):
    """This platform has no wheel of the part; the message says which variable to set instead."""

    code = "no_such_part"


class PartFailed(StackError):
    """A part did not start, or died; the message carries the end of its log."""

    code = "part_failed"
