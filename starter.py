"""Start and steer plans by Temporal itself: `python starter.py start-plan|signal|update ...`; billflow asks the API."""

from billflow.cli.app import main
from billflow.cli.starter import app

if __name__ == "__main__":
    main(program=app, name="starter.py")
