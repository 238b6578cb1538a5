"""`billflow prune`: what is older than its period is deleted."""

from billflow.cli.output import Output, words
from billflow.cli.session import Store, on_database

NOT_ARCHIVED = "audit_entries_not_archived"
SIGNED = "audit_roots_signed"


@on_database
async def prune(store: Store) -> Output:
    """Delete what is older than its period, in every organization; a schedule does it each night.

    The periods are the BILLFLOW_KEEP_…_DAYS; docs/security.md lists them. The audit log goes into files in
    BILLFLOW_AUDIT_ARCHIVE_DIR first, and stays where that is not set. Before that its days are signed, by
    BILLFLOW_SIGNING_KEYS; see `billflow audit sign`.
    """
    done = await store.retention.prune_all()
    left = done.get(NOT_ARCHIVED, 0)
    told = ", ".join(
        f"{count} {words(name)}" for name, count in done.items() if count and name not in (NOT_ARCHIVED, SIGNED)
    )
    warning = [f"{left} audit entries are older and stay: set BILLFLOW_AUDIT_ARCHIVE_DIR."] if left else []
    signed = [f"Signed: {done[SIGNED]} days of the audit log."] if done.get(SIGNED) else []
    return Output(done, f"Deleted: {told or 'nothing'}.", *signed, *warning)
