"""Run the emulator from the command line: `python -m stripe_emulator`."""

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from stripe_emulator import event_loop
from stripe_emulator.resources.webhook_endpoints import EVERY_TYPE
from stripe_emulator.runtime import HOST, Options, Runtime, listen

SECRET = "STRIPE_WEBHOOK_SECRET"  # noqa: S105 - the variable's name; arguments can be read by everybody on the machine
EXAMPLE = """example:
  python -m stripe_emulator --port 12111 --db stripe.db --control
  STRIPE_API_BASE=http://127.0.0.1:12111   any key that starts with sk_test_ is an account of its own
"""


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the command line of a program of this name."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="A local server that speaks Stripe's API, for development and tests.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--host", default=HOST, help="loopback address to listen on (default %(default)s)")
    made.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    made.add_argument("--db", type=Path, help="file that keeps the state between runs (default: in memory)")
    made.add_argument("--seed", type=int, default=1, help="seed of ids and seeded faults (default %(default)s)")
    made.add_argument("--control", action="store_true", help="open the /_sim routes: clock, faults, state")
    made.add_argument("--rate-limit", choices=["live", "sandbox"], help="hold Stripe's rate limits (default: none)")
    made.add_argument(
        "--webhook",
        metavar="URL",
        help=f"endpoint for every account's events, signed by the secret in {SECRET}",
    )
    made.add_argument("--event", action="append", metavar="TYPE", help="what that endpoint hears of (default: all)")
    return made


def problem_with(args: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments in one sentence, or None."""
    host = "127.0.0.1" if args.host == "localhost" else args.host
    try:
        loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        return f"--host {args.host}: the emulator listens on loopback addresses only, such as 127.0.0.1."
    if args.webhook and not os.environ.get(SECRET):
        return f"--webhook {args.webhook}: {SECRET} is not set; set it to the secret that signs the events."
    if args.db is not None and not args.db.absolute().parent.is_dir():
        return f"--db {args.db}: its folder does not exist; create it first."
    return None


def main(arguments: Sequence[str] | None = None, prog: str = "python -m stripe_emulator") -> int:
    """Serve until interrupted; return 2 for arguments that cannot be, 1 when port or file is taken.

    Without `arguments` those of the process are read; `prog` is what the help calls the program.
    """
    args = parser(prog).parse_args(arguments)
    problem = problem_with(args)
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
        return 2
    try:
        listener = listen(args.host, args.port)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"--port {args.port}: cannot listen there ({error}); choose another port or 0.\n")
        return 1
    webhook = (args.webhook, os.environ[SECRET]) if args.webhook else None
    try:
        runtime = Runtime(
            listener, Options(args.db, args.seed, args.control, webhook, args.event or EVERY_TYPE, args.rate_limit)
        )
    except sqlite3.DatabaseError as error:
        listener.close()
        sys.stderr.write(f"--db {args.db}: {error}; name a file that no other emulator uses, or a new one.\n")
        return 1
    # What uvicorn would say about answers that are broken on purpose.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    sys.stdout.write(f"listening on {runtime.services.base_url}\n")
    sys.stdout.flush()
    event_loop.run(_serve(runtime))
    return 0


async def _serve(runtime: Runtime) -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, runtime.stop)
    await runtime.run()


if __name__ == "__main__":
    sys.exit(main())
