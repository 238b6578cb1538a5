"""`billflow-verify proof.json --public-key KEY`: exits with 1 and one sentence where a proof does not hold."""

import argparse
import json
import sys
from pathlib import Path

from billflow_verify.faults import ProofFault
from billflow_verify.verification import verify


def main() -> None:
    """Check a proof, and say so in one sentence."""
    parser = argparse.ArgumentParser("billflow-verify", description="Check the proof of an invoice.")
    parser.add_argument("proof", type=Path, help="the file that `billflow invoice proof` wrote")
    parser.add_argument(
        "--public-key",
        action="append",
        required=True,
        help="a key that you trust, from `billflow audit signing-keys`; may be named again",
    )
    asked = parser.parse_args()
    try:
        sys.stdout.write(verify(_read(asked.proof), asked.public_key) + "\n")
    except ProofFault as fault:
        sys.exit(str(fault))


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ProofFault(f"{file} can't be read as JSON: {problem}.") from None


if __name__ == "__main__":
    main()
