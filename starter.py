"""Start and steer plans: `python starter.py start-plan|signal|update|show|list ...`; more is in `billflow --help`."""

import sys

from billflow.cli.app import main

SAYS = {"start-plan": "start", "update": "command"}

if __name__ == "__main__":
    verb, *rest = sys.argv[1:] or ["--help"]
    main(["plan", SAYS.get(verb, verb), *rest])
