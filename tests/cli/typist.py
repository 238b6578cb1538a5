"""A process of its own in which the tests type commands: one line of JSON in, one out."""

import contextlib
import io
import json
import sys

from billflow.cli.app import run


def main() -> None:
    """Run each command that comes in, and answer with its exit code and what it wrote."""
    for line in sys.stdin:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(json.loads(line))
        answer = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
