"""Stripe's own client, with every request and answer held against the contract."""

import json
from collections.abc import Mapping
from typing import Any

import stripe

from tests.stripe_emulator.contract import problems_of_answer, problems_of_event, problems_of_request
from tests.waiting import PATIENCE

stripe.enable_telemetry = False
KEY = "sk_test_emulator"


class CheckedTransport(stripe.RequestsClient):
    """Stripe's transport; it fails a test whose request or answer the contract does not know.

    `check_requests` is off where requests are wrong on purpose.
    """

    def __init__(self, timeout: float = PATIENCE) -> None:
        super().__init__(timeout=timeout)
        self.check_requests = True

    def _sleep_time_seconds(self, num_retries: int) -> float:
        """Wait next to nothing between retries: how long Stripe's client waits is not ours to test."""
        return 0.01

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        body, status, answered = super().request(method, url, headers, post_data)
        problems = problems_of_request(method.upper(), url, post_data or "") if self.check_requests else []
        if answered.get("content-type") == "application/json" and body.startswith(b"{") and body.endswith(b"}"):
            answer = json.loads(body)
            problems += problems_of_answer(method.upper(), url, status, answer)
            listed = answer["data"] if answer.get("object") == "list" else [answer]
            events = [item for item in listed if item.get("object") == "event"]
            problems += [problem for event in events for problem in problems_of_event(event)]
        assert problems == []
        return body, status, answered


def client_for(
    url: str, key: str = KEY, *, retries: int = 0, timeout: float = PATIENCE, checked: bool = True
) -> stripe.StripeClient:
    """Return a client that can reach nothing but the emulator."""
    transport = CheckedTransport(timeout)
    transport.check_requests = checked
    return stripe.StripeClient(
        key,
        base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
        max_network_retries=retries,
        http_client=transport,
    )
