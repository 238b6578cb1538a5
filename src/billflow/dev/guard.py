"""The guard of one server process: started as a script, it stops the server when billflow is gone.

Usage: python -I -S guard.py SIGNAL GRACE_SECONDS LOCK_FD UID:GID -- COMMAND...

billflow holds the other end of standard input. When that closes, be it in order or by SIGKILL, the server gets its
stop signal and after the grace period SIGKILL. If the guard itself is killed, Linux signals the server (PDEATHSIG).
Standard library only, so that it starts in milliseconds.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> int:
    """Run the command until it ends or standard input closes; return its exit code."""
    number, grace, lock, user, _, *command = arguments
    stop_signal = signal.Signals(int(number))
    # A terminal's ctrl-C and a supervisor's SIGTERM go to billflow, which stops its servers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = subprocess.Popen(  # noqa: S603  (the stack names the command)
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        preexec_fn=lambda: _become(user, stop_signal),  # noqa: PLW1509  (one thread so far)
        pass_fds=[int(lock)],
        umask=0o077,
    )
    print(server.pid, file=sys.stdout, flush=True)  # noqa: T201  (read by the stack)
    threading.Thread(target=_stop_at_end_of_input, args=(server, stop_signal, float(grace)), daemon=True).start()
    return server.wait()


def _stop_at_end_of_input(server: "subprocess.Popen[bytes]", stop_signal: signal.Signals, grace: float) -> None:
    while os.read(0, 1):
        pass
    server.send_signal(stop_signal)
    try:
        server.wait(grace)
    except subprocess.TimeoutExpired:
        server.kill()


def _become(user: str, death_signal: signal.Signals) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if user:
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
