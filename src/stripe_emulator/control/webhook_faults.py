"""Let deliveries of webhooks go wrong: lost, twice, late, in another order, or with a bad signature."""

import random

from stripe_emulator.control.rules import WebhookRule
from stripe_emulator.engine.services import Services
from stripe_emulator.webhooks import queue
from stripe_emulator.webhooks.queue import Delivery
from stripe_emulator.webhooks.signatures import signature_header

AN_HOUR = 3_600


class WebhookFaults:
    """The webhook rules in force, drawn from one seed."""

    def __init__(self, services: Services, seed: int) -> None:
        self._services = services
        self._seed = seed
        self.rules: list[WebhookRule] = []
        self._held: set[tuple[int, int]] = set()
        self._rng = self._fresh()

    def _fresh(self) -> random.Random:
        return random.Random(f"{self._seed}:webhooks")  # noqa: S311 - repeatable on purpose

    def clear(self) -> None:
        """Drop the rules and start the seed over."""
        self.rules.clear()
        self._held.clear()
        self._rng = self._fresh()

    def shuffle(self, batch: list[Delivery]) -> list[Delivery]:
        """Return the deliveries to make now, in which order and how often."""
        if not self.rules:
            return batch
        chosen = [again for delivery in batch for again in [delivery] * self._times(delivery)]
        if any(rule.fault == "reorder" for rule in self.rules):
            self._rng.shuffle(chosen)
        return chosen

    def header(self, delivery: Delivery, timestamp: int, body: bytes) -> str:
        """Return the signature header to send, right or wrong."""
        secret = delivery.endpoint["_sim"]["secret"]
        for rule in self.rules:
            wrong = rule.fault in ("bad_signature", "old_timestamp") and rule.matches(delivery.type)
            if wrong and rule.applies(self._rng):
                if rule.fault == "bad_signature":
                    return signature_header(secret + "x", timestamp, body)
                return signature_header(secret, timestamp - AN_HOUR, body)
        return signature_header(secret, timestamp, body)

    def _times(self, delivery: Delivery) -> int:
        """Return how often to send a delivery now: 0 when it is lost or comes later."""
        times = 1
        now = self._services.clock.now()
        for rule in self.rules:
            if not rule.matches(delivery.type):
                continue
            if rule.fault == "stop_delivery_until" and now < rule.until:
                queue.postpone(self._services, delivery, rule.until)
                return 0
            if rule.fault in ("delay", "reorder") and self._hold(delivery, rule):
                return 0
            if rule.fault == "drop" and rule.applies(self._rng):
                queue.discard(self._services, delivery)
                return 0
            if rule.fault == "duplicate" and rule.applies(self._rng):
                times = rule.times
        return times

    def _hold(self, delivery: Delivery, rule: WebhookRule) -> bool:
        """Put a delivery off, once per attempt: by the whole time, or by some of it so that others overtake."""
        mark = (delivery.seq, delivery.attempts)
        if mark in self._held or not rule.applies(self._rng):
            return False
        self._held.add(mark)
        share = self._rng.random() if rule.fault == "reorder" else 1.0
        queue.postpone(self._services, delivery, self._services.clock.now() + share * rule.ms / 1000)
        return True
