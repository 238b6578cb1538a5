"""`billflow-verify proof.json --public-key KEY`: exits with 1 and one sentence where a proof does not hold."""

import argparse
import json
import sys
from pathlib import Path

from billflow_verify.faults import ProofFault, demand
from billflow_verify.hashes import is_key
from billflow_verify.verification import verify

_EXAMPLE = "Example: billflow-verify proof.json --public-key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_WITHOUT_KEY = (
    "name the key that you trust by --public-key; whoever billed you prints it by `billflow audit signing-keys`. "
    "The key in the proof shows nothing: who forges a proof signs it too"
)


def main() -> None:
    """Check a proof, and say so in one sentence."""
    parser = argparse.ArgumentParser("billflow-verify", description="Check the proof of an invoice.", epilog=_EXAMPLE)
    parser.add_argument("proof", type=Path, help="the file that `billflow invoice proof` wrote")
    parser.add_argument(
        "--public-key",
        action="append",
        metavar="KEY",
        help="a key that you trust, as `billflow audit signing-keys` prints it; may be named again",
    )
    asked = parser.parse_args()
    if not asked.public_key:
        parser.error(_WITHOUT_KEY)
    try:
        strange = [key for key in asked.public_key if not is_key(key)]
        demand(not strange, f"{', '.join(strange)} is no public key: that is 32 bytes of Ed25519 as base64.")
        sys.stdout.write(verify(_read(asked.proof), asked.public_key) + "\n")
    except ProofFault as fault:
        sys.exit(str(fault))


def _read(file: Path) -> object:
    try:
        proof = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_named_once)
    except (OSError, ValueError, RecursionError) as problem:
        raise ProofFault(f"{file} can't be read as JSON: {problem}.") from None
    demand(isinstance(proof, dict), f"{file} is no proof: `billflow invoice proof` writes a JSON object.")
    return proof


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that is there twice: a reader may see the value that was not checked."""
    found: dict[str, object] = {}
    for name, value in pairs:
        demand(name not in found, f"The proof has {name!r} twice in one object.")
        found[name] = value
    return found


if __name__ == "__main__":
    main()
