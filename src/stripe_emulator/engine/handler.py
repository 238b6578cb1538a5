"""The way of a request through the server, in the order that idempotent requests depend on."""

import asyncio
import hashlib
import json

from stripe_emulator.engine import execute
from stripe_emulator.engine.operations import OPERATIONS, Args
from stripe_emulator.engine.plan import Call, Faults, Plan
from stripe_emulator.engine.services import Services
from stripe_emulator.errors import CONFLICT, StripeError, invalid
from stripe_emulator.storage import keys
from stripe_emulator.types import Obj
from stripe_emulator.wire import brackets, coerce, lengths, routes
from stripe_emulator.wire.auth import account_of
from stripe_emulator.wire.messages import API_VERSION, RawRequest, Response, encode

MAX_KEY = 255


class RequestHandler:
    """Answers requests; `committed` is set after every write, for the workers that wait on the database."""

    def __init__(self, services: Services, faults: Faults) -> None:
        self.services = services
        self.faults = faults
        self.committed = asyncio.Event()
        # One process owns a database file, so markers of running keys live and die with it.
        self._running: dict[tuple[str, str], Call] = {}

    async def answer(self, raw: RawRequest) -> Response:
        """Return the answer to a request, with Stripe's headers on it."""
        request_id = self.services.ids.new("request")
        key = raw.headers.get("idempotency-key") if raw.method == "POST" else None
        try:
            response = await self._authorize(raw, request_id, key)
        except StripeError as error:
            response = Response(error.status, encode(error.body(request_id)), dict(error.headers))
        response.headers.setdefault("Request-Id", request_id)
        response.headers.setdefault("Stripe-Version", API_VERSION)
        response.headers.setdefault("Content-Type", "application/json")
        if key:
            response.headers["Idempotency-Key"] = key
        return response

    async def _authorize(self, raw: RawRequest, request_id: str, key: str | None) -> Response:
        account = account_of(raw.headers, livemode=self.services.settings.livemode)
        route = routes.find(raw.method, raw.path)
        tree, problem = _decode(raw)
        operation = route.operation if route else None
        call = Call(account, operation, raw.method, raw.path, tree, key, request_id)
        plan = self.faults.plan(call)
        if plan.refusal is not None:
            self.faults.record(call, "refused", plan.refusal)
            return plan.refusal
        outcome = "invalid"
        try:
            args = _validate(raw, route, tree, problem)
            outcome = "conflict"
            outcome, response = await self._carry_out(call, args, plan)
        except StripeError as error:
            response = Response(error.status, encode(error.body(request_id)), dict(error.headers))
        self.faults.record(call, outcome, response)
        return response

    async def _carry_out(self, call: Call, args: Args, plan: Plan) -> tuple[str, Response]:
        if call.key is None:
            return "executed", await self._execute(call, args, plan, None)
        fingerprint = _fingerprint(call)
        stored = keys.find(self.services.db, call.account, call.key, self.services.clock.now())
        if stored is not None:
            return "replayed", _replay(stored, fingerprint)
        running = self._running.get((call.account, call.key))
        if running is not None:
            raise _in_use(call.key) if _fingerprint(running) == fingerprint else _mismatch()
        self._running[call.account, call.key] = call
        try:
            return "executed", await self._execute(call, args, plan, fingerprint)
        finally:
            self._release(call)

    def _release(self, call: Call) -> None:
        """Free the key of a call, unless another call holds it by now."""
        marker = (call.account, call.key or "")
        if self._running.get(marker) is call:
            del self._running[marker]

    async def _execute(self, call: Call, args: Args, plan: Plan, fingerprint: str | None) -> Response:
        if plan.latency:
            await self.faults.delay(plan.latency)
        if plan.never_commits is not None:
            await asyncio.sleep(plan.never_commits)
            return Response(0, b"", effect="reset")
        if call.method == "GET":
            response = execute.read(self.services, call, args, plan.stale)
        else:
            response, delay = execute.write(self.services, call, args, fingerprint, fails=plan.fails)
            self.committed.set()
            if delay:
                await asyncio.sleep(delay)
        if plan.stall:
            # From here on the key is free: whoever repeats the request gets the stored answer.
            self._release(call)
            await asyncio.sleep(plan.stall)
        response.effect = plan.after
        return response


def _decode(raw: RawRequest) -> tuple[Obj, StripeError | None]:
    try:
        return brackets.decode(raw.body if raw.method == "POST" else raw.query), None
    except StripeError as error:
        return {}, error


def _validate(raw: RawRequest, route: routes.Route | None, tree: Obj, problem: StripeError | None) -> Args:
    version = raw.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        # [assume, deliberate] only the pinned version is taken, so that a client upgrade is noticed.
        raise invalid(f"Invalid Stripe API version: {version}. This server speaks {API_VERSION} only.")
    if route is None or route.operation not in OPERATIONS:
        raise routes.unrecognized(raw.method, raw.path)
    if len(raw.headers.get("idempotency-key", "")) > MAX_KEY:
        raise invalid(f"Idempotency keys can be at most {MAX_KEY} characters.")
    if problem is not None:
        raise problem
    params = coerce.for_operation(route.operation)(tree, "") or {}
    lengths.check(route.operation, params)
    check = OPERATIONS[route.operation].check
    if check is not None:
        check(params)
    return Args(raw.path, route.ids, params)


def _fingerprint(call: Call) -> str:
    canonical = json.dumps([call.method, call.path, call.tree], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _replay(stored: keys.Stored, fingerprint: str) -> Response:
    if stored.fingerprint != fingerprint:
        raise _mismatch()
    headers = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
    return Response(stored.status, stored.body, headers)


def _mismatch() -> StripeError:
    return StripeError(
        "Keys for idempotent requests can only be used with the same endpoint and parameters they were first "
        "used with. Try using a key other than this one if you meant to execute a different request.",
        kind="idempotency_error",
    )


def _in_use(key: str) -> StripeError:
    error = StripeError(
        f"There is currently another in-progress request using this idempotency key: {key}.",
        status=CONFLICT,
        # [3rd] the type of this error is not documented.
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )
    error.headers["Stripe-Should-Retry"] = "true"
    return error
