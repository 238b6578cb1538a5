"""Run a worker for every task queue until SIGTERM, then let running activities finish: `python worker.py`."""

import sys

from billflow.cli.app import main

if __name__ == "__main__":
    main(["worker", *sys.argv[1:]])
