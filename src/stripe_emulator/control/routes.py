"""The routes below `/_sim`."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from stripe_emulator.control import bodies, customer_actions
from stripe_emulator.control.invariants import broken
from stripe_emulator.control.operations import ControlOperations
from stripe_emulator.errors import StripeError
from stripe_emulator.types import Obj
from stripe_emulator.webhooks import queue
from stripe_emulator.wire.auth import account_id

MAX_ROWS = 1_000
BodyType = TypeVar("BodyType", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Obj]]


async def _body(request: Request, model: type[BodyType]) -> BodyType:
    return model.model_validate_json(await request.body() or b"{}")


def _json(endpoint: Endpoint, wake: Callable[[], None]) -> Callable[[Request], Awaitable[JSONResponse]]:
    """Answer in JSON, and a body that does not fit with one sentence that names what is wrong."""

    async def answer(request: Request) -> JSONResponse:
        try:
            result = await endpoint(request)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            return JSONResponse({"error": {"message": f"{place or 'body'}: {first['msg']}"}}, status_code=400)
        except StripeError as error:
            return JSONResponse(error.body("req_none"), status_code=error.status)
        wake()
        return JSONResponse(result)

    return answer


class Routes:
    """The handlers of the control plane, on one desk."""

    def __init__(self, service: ControlOperations) -> None:
        self.service = service

    def mount(self, path: str = "/_sim") -> BaseRoute:
        """Return all routes below a path."""
        table: list[tuple[str, str, Endpoint]] = [
            ("POST", "/clock", self.set_clock),
            ("GET", "/faults", self.show_faults),
            ("POST", "/faults", self.add_faults),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/settings", self.change_settings),
            ("POST", "/webhooks", self.register_webhook),
            ("DELETE", "/webhooks", self.remove_webhook),
            ("GET", "/deliveries", self.show_deliveries),
            ("POST", "/events", self.inject_event),
            ("POST", "/events/{id}/replay", self.replay_event),
            ("POST", "/payment_intents/{id}/authenticate", self.authenticate),
            ("POST", "/setup_intents/{id}/authenticate", self.authenticate),
            ("POST", "/checkout/{id}/complete", self.complete_checkout),
            ("POST", "/portal/{id}/set_default", self.set_default),
            ("GET", "/requests", self.show_requests),
            ("GET", "/state", self.show_state),
            ("DELETE", "/objects/{id}", self.delete_object),
            ("GET", "/invariants", self.check_invariants),
            ("POST", "/reset", self.reset),
        ]
        wake = self.service.wake
        return Mount(path, routes=[Route(at, _json(call, wake), methods=[method]) for method, at, call in table])

    async def set_clock(self, request: Request) -> Obj:
        """Freeze, set, advance, speed up or reset the clock."""
        body = await _body(request, bodies.ClockBody)
        self.service.set_clock(body)
        return {"now": self.service.services.clock.now()}

    async def show_faults(self, _: Request) -> Obj:
        """Return the rules in force."""
        return self.service.faults()

    async def add_faults(self, request: Request) -> Obj:
        """Add rules."""
        body = await _body(request, bodies.FaultsBody)
        self.service.rules.rules.extend(body.requests)
        self.service.webhook_faults.rules.extend(body.webhooks)
        return self.service.faults()

    async def clear_faults(self, _: Request) -> Obj:
        """Drop all rules."""
        self.service.rules.clear()
        self.service.webhook_faults.clear()
        return self.service.faults()

    async def change_settings(self, request: Request) -> Obj:
        """Change settings."""
        return self.service.change_settings(await _body(request, bodies.SettingsBody))

    async def register_webhook(self, request: Request) -> Obj:
        """Register the endpoint of every account, in the place of an earlier one."""
        body = await _body(request, bodies.WebhookBody)
        self.service.register(body.url, body.secret)
        return {"url": body.url}

    async def remove_webhook(self, _: Request) -> Obj:
        """Forget the endpoint of every account."""
        self.service.remove()
        return {"url": None}

    async def show_deliveries(self, _: Request) -> Obj:
        """Return the newest deliveries."""
        return {"data": queue.history(self.service.services, MAX_ROWS)}

    async def inject_event(self, request: Request) -> Obj:
        """Announce an event of the caller's making."""
        body = await _body(request, bodies.EventBody)
        return {
            "id": customer_actions.inject_event(self.service.services, account_id(body.key), body.type, body.object)
        }

    async def replay_event(self, request: Request) -> Obj:
        """Send an event again to all its endpoints."""
        return {"deliveries": queue.replay(self.service.services, request.path_params["id"])}

    async def authenticate(self, request: Request) -> Obj:
        """Finish 3-D Secure."""
        body = await _body(request, bodies.AuthenticateBody)
        return {
            "status": customer_actions.authenticate(
                self.service.services, request.path_params["id"], success=body.success
            )
        }

    async def complete_checkout(self, request: Request) -> Obj:
        """Enter a card on a checkout page."""
        body = await _body(request, bodies.MethodBody)
        customer_actions.complete_checkout(self.service.services, request.path_params["id"], body.payment_method)
        return {"status": "complete"}

    async def set_default(self, request: Request) -> Obj:
        """Choose a card on a portal page."""
        body = await _body(request, bodies.MethodBody)
        customer_actions.set_default(self.service.services, request.path_params["id"], body.payment_method)
        return {"status": "set"}

    async def show_requests(self, request: Request) -> Obj:
        """Return the log of requests, the oldest first: all, or those of an `operation` or a `key`'s account."""
        params = request.query_params
        wanted = {"operation": params["operation"]} if "operation" in params else {}
        if "key" in params:
            wanted["account"] = account_id(params["key"])
        return {"data": [entry for entry in self.service.rules.log if wanted.items() <= entry.items()]}

    async def show_state(self, request: Request) -> Obj:
        """Return counts of everything, and with `kind` the objects of that kind, of one `key` or of all."""
        params = request.query_params
        account = account_id(params["key"]) if "key" in params else None
        return {
            **self.service.state(),
            "wall": time.time(),
            "objects": self.service.objects(params.get("kind"), account),
        }

    async def delete_object(self, request: Request) -> Obj:
        """Delete one object, as "Delete all test data" does in a sandbox; no event tells of it."""
        return {"deleted": self.service.delete(request.path_params["id"])}

    async def check_invariants(self, request: Request) -> Obj:
        """Return what is broken; `unique` is the metadata key that must name one object only."""
        return {"broken": broken(self.service.services.db, request.query_params.get("unique"))}

    async def reset(self, _: Request) -> Obj:
        """Forget all objects, rules, requests and the set clock; the endpoint of every account stays."""
        self.service.reset()
        return {"status": "empty"}
