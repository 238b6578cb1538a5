"""The control plane, as tests speak to it."""

from itertools import count
from typing import Any

import httpx
from stripe import StripeClient

from tests.stripe_emulator.clients import client_for
from tests.waiting import PATIENCE

KEYS = count(1)


class Sim:
    """The control plane of a running server, and an account of its own: stalled requests outlive their test."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self.key = f"sk_test_sim_{next(KEYS)}"
        self._http = http

    def client(self, *, retries: int = 0, timeout: float = PATIENCE) -> StripeClient:
        """Return a client of the test's account."""
        return client_for(self.url, self.key, retries=retries, timeout=timeout)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self._http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def delete(self, path: str) -> None:
        self._http.delete(path).raise_for_status()

    def get(self, path: str) -> dict[str, Any]:
        return dict(self._http.get(path).raise_for_status().json())

    def clear(self) -> None:
        """Forget everything, the rules, the clock and the endpoint included."""
        self.delete("/webhooks")
        self.post("/reset")

    def breaks(self, fault: str, **rule: Any) -> None:
        """Let requests go wrong."""
        self.post("/faults", requests=[{"fault": fault, **rule}])

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """Return the log of an operation."""
        return list(self.get(f"/requests?operation={operation}&key={self.key}")["data"])

    def stored(self, kind: str) -> int:
        """Return how many objects of a kind the account has."""
        return len(self.get(f"/state?kind={kind}&key={self.key}")["objects"])
