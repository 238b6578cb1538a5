"""Make the plans of what goes wrong with requests, from rules and rate limits, and log every request."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable

from stripe_emulator.control.limits import Limiter
from stripe_emulator.control.rules import RequestRule
from stripe_emulator.engine.plan import Call, Plan
from stripe_emulator.errors import TOO_MANY_REQUESTS, StripeError
from stripe_emulator.types import Obj
from stripe_emulator.wire.messages import Response, encode

LOG_LENGTH = 20_000


class FaultRules:
    """The rules in force, drawn from one seed, and the log of what was asked and answered."""

    def __init__(self, seed: int, limiter: Limiter) -> None:
        self._seed = seed
        self.limiter = limiter
        self.rules: list[RequestRule] = []
        self.log: deque[Obj] = deque(maxlen=LOG_LENGTH)
        self._rng = self._fresh()
        self._cleared = asyncio.Event()

    def _fresh(self) -> random.Random:
        return random.Random(f"{self._seed}:faults")  # noqa: S311 - repeatable on purpose

    def clear(self) -> None:
        """Drop the rules, let requests go on that they hold up, and start the seed over."""
        self.rules.clear()
        self._rng = self._fresh()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def delay(self, seconds: float) -> None:
        """Hold a request up for so long, or until the rules are dropped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._cleared.wait()

    def plan(self, call: Call) -> Plan:
        """Return what is to go wrong with this call."""
        plan = Plan()
        reason = self.limiter.exceeded(call.account, call.operation or "", call.path)
        if reason is not None:
            plan.refusal = _too_many(call, "rate_limit", reason)
            return plan
        for rule in self.rules:
            if rule.matches(call) and rule.applies(self._rng):
                _APPLY[rule.fault](plan, rule, call, self._rng)
                plan.names.append(rule.fault)
        return plan

    def record(self, call: Call, outcome: str, response: Response) -> None:
        """Log a call with its decoded parameters and how it ended."""
        self.log.append(
            {
                "request_id": call.request_id,
                "account": call.account,
                "operation": call.operation,
                "method": call.method,
                "path": call.path,
                "params": call.tree,
                "idempotency_key": call.key,
                "outcome": outcome,
                "status": response.status,
                "effect": response.effect or None,
            }
        )


def _too_many(call: Call, code: str, reason: str) -> Response:
    error = StripeError(
        "Request rate limit exceeded." if code == "rate_limit" else "This object is locked by another request.",
        status=TOO_MANY_REQUESTS,
        code=code,
    )
    headers = {"Stripe-Rate-Limited-Reason": reason} if code == "rate_limit" else {}
    return Response(error.status, encode(error.body(call.request_id)), headers)


def _status(plan: Plan, rule: RequestRule, call: Call, _: random.Random) -> None:
    kind = "api_error" if rule.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP's server errors
    error = StripeError("An injected fault.", status=rule.status, kind=kind)
    body = error.body(call.request_id) if rule.body is None else rule.body
    plan.refusal = Response(rule.status, encode(body), dict(rule.headers))


def _latency(plan: Plan, rule: RequestRule, _: Call, rng: random.Random) -> None:
    plan.latency += rule.seconds(rng)


def _fail(plan: Plan, *_: object) -> None:
    plan.fails = True


def _never_commit(plan: Plan, rule: RequestRule, _: Call, rng: random.Random) -> None:
    plan.never_commits = rule.seconds(rng)


def _stall(plan: Plan, rule: RequestRule, _: Call, rng: random.Random) -> None:
    plan.stall = rule.seconds(rng)


def _stale(plan: Plan, rule: RequestRule, _: Call, rng: random.Random) -> None:
    plan.stale = rule.seconds(rng)


def _reset(plan: Plan, *_: object) -> None:
    plan.refusal = Response(0, b"", effect="reset")


def _limited(code: str) -> Callable[[Plan, RequestRule, Call, random.Random], None]:
    def apply(plan: Plan, _: RequestRule, call: Call, __: random.Random) -> None:
        plan.refusal = _too_many(call, code, "endpoint-rate")

    return apply


def _after(effect: str) -> Callable[[Plan, RequestRule, Call, random.Random], None]:
    def apply(plan: Plan, *_: object) -> None:
        plan.after = effect

    return apply


_APPLY: dict[str, Callable[[Plan, RequestRule, Call, random.Random], None]] = {
    "latency": _latency,
    "status": _status,
    "fail_in_execution": _fail,
    "timeout_before_commit": _never_commit,
    "timeout_after_commit": _stall,
    "cut_response_after_commit": _after("cut"),
    "reset_connection": _reset,
    "malformed_json": _after("malformed"),
    "html_502": _after("html"),
    "lock_timeout": _limited("lock_timeout"),
    "rate_limit": _limited("rate_limit"),
    "crash_process": _after("crash"),
    "stale_read": _stale,
}
