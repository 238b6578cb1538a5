"""What the API needs to know of its callers: their keys, what their writes were answered, and what waits."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from billflow.models.contracts.access import (
    ApiKeyRecord,
    Claim,
    ClaimState,
    IdempotentAnswer,
    IssuedKey,
    NewApiKey,
    PlansOnHold,
    PresentedKey,
)
from billflow.models.contracts.customers import ChangeContext


class Keys(Protocol):
    """The API keys of organizations; every method is one transaction."""

    async def create_key(self, org_id: str, new: NewApiKey, change: ChangeContext) -> IssuedKey:
        """Make a key; its text is in the answer and nowhere else."""
        ...

    async def keys(self, org_id: str) -> tuple[ApiKeyRecord, ...]:
        """Return all keys, the newest first."""
        ...

    async def revoke_key(self, org_id: str, key_id: str, change: ChangeContext) -> ApiKeyRecord:
        """End a key at once; raises `NotFound`."""
        ...

    async def rotate_key(self, org_id: str, key_id: str, overlap: timedelta, change: ChangeContext) -> IssuedKey:
        """Make a key like this one, which ends after *overlap*; raises `NotFound`, or `Refused` for one ended."""
        ...

    async def known_key(self, presented: PresentedKey, at: datetime) -> ApiKeyRecord | None:
        """Return the key that a caller shows if it is right and valid, noting its use at most once a minute."""
        ...


class Idempotency(Protocol):
    """What writes were answered, so that the same one is answered the same again."""

    async def claim(self, org_id: str, claim: Claim) -> IdempotentAnswer | ClaimState:
        """Take a key for a write, or return what its first use was answered, or say why neither is possible."""
        ...

    async def keep(self, org_id: str, claim: Claim, answer: IdempotentAnswer) -> None:
        """Keep the answer to a claimed write for 30 days."""
        ...

    async def release(self, org_id: str, claim: Claim) -> None:
        """Give a key back whose write did not happen."""
        ...

    def alone(self, org_id: str, name: str) -> AbstractAsyncContextManager[None]:
        """Let nobody else in who asks for the same name, in any process, until it is left."""
        ...


class Monitoring(Protocol):
    """What is counted over all organizations: numbers, moments and ids, no content."""

    async def orgs_with_open_webhooks(self) -> tuple[str, ...]:
        """Return the ids of the organizations for which an event of Stripe's waits."""
        ...

    async def attention(self) -> PlansOnHold:
        """Count what waits for someone."""
        ...
