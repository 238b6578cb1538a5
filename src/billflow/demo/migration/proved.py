"""The last chapter: invoices of billflow's are proved by a package that knows nothing of it."""

import asyncio
import json
import sys
from pathlib import Path

from billflow.demo.migration.run import MigrationRun
from billflow.demo.migration.typed import Typist

PROVED = 3
"""How many invoices are proved: of the organizations with a coupon or a promise first."""


async def prove(run: MigrationRun) -> None:
    """Sign the audit log, write proofs, verify them, and see that one that was tampered with is refused."""
    run.report.chapter("Proved: by billflow-verify, from the file and a public key alone")
    await run.typist.type("audit", "sign", "--now")
    keys = (await run.typist.ask("audit", "signing-keys"))["signing_keys"]
    special = sorted(run.owners, key=lambda owner: not (owner[0].promised or owner[0].coupon))
    file = Path()
    for plan, _ in special[:PROVED]:
        invoice = (await run.our_invoices(plan.organization))[0]
        file = run.typist.folder / f"{plan.organization}.json"
        await run.typist.type("invoice", "proof", invoice.invoice_id[:8], "-o", file.name)
        code, said = await verified(run.typist, file, keys[0]["public_key"])
        run.report.check(f"{said}", code, 0)
    proof = json.loads(file.read_text(encoding="utf-8"))
    proof["lines"][0]["amount"] += 1
    file.write_text(json.dumps(proof), encoding="utf-8")
    code, said = await verified(run.typist, file, keys[0]["public_key"])
    run.report.check(f"With one cent more in it: {said}", code, 1)


async def verified(typist: Typist, file: Path, public_key: str) -> tuple[int | None, str]:
    """Return how `billflow-verify` ends, and what it says."""
    words = ("-m", "billflow_verify", file.name, "--public-key", public_key)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=typist.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode().strip()
