"""A worker that is noticed to be gone after three seconds instead of thirty."""

from datetime import timedelta

from billflow.activities import delivery
from billflow.cli.app import main

if __name__ == "__main__":
    delivery.HEARTBEAT = timedelta(seconds=3)
    main(["worker"])
