"""Billing as a process of its own: a job a line on standard input, and when it is done a line on standard output."""

import json
import os
import signal
import sys

from billflow.dry_run.facts_file import FORMAT, VERSION
from billflow.dry_run.jobs import JOB, perform

NICENESS = 10
"""How far it stands back behind what else the machine has to do, such as billing."""


def main() -> None:
    """Say which version this is, then do what is asked until nothing is any more."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the command, which then asks for no more
    _answer({"version": VERSION, "format": FORMAT})
    for line in sys.stdin.buffer:
        perform(JOB.validate_json(line))
        _answer({"done": True})


def _answer(found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
