"""Run an operation in its transaction and turn what comes of it into an answer."""

import logging
import time

from stripe_emulator.engine.expand import expand
from stripe_emulator.engine.operations import OPERATIONS, Args
from stripe_emulator.engine.plan import Call
from stripe_emulator.engine.render import render
from stripe_emulator.engine.services import Services
from stripe_emulator.engine.stale import as_of
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.errors import SERVER_ERROR, StripeError
from stripe_emulator.storage import keys
from stripe_emulator.storage.keys import Stored
from stripe_emulator.types import Obj
from stripe_emulator.wire.messages import Response, encode

log = logging.getLogger(__name__)


def read(services: Services, call: Call, args: Args, stale: float) -> Response:
    """Answer a GET; it changes nothing and needs no transaction. `stale` is how old a retrieved object may be."""
    if stale and (call.operation or "").endswith(".retrieve"):
        old = as_of(services, call.account, args.ids[-1], time.time() - stale)
        if old is not None:
            return Response(200, encode(old))
    return _run(Unit(services, call.account, Origin(call.request_id)), call, args, fails=False)


def write(
    services: Services, call: Call, args: Args, fingerprint: str | None, *, fails: bool
) -> tuple[Response, float]:
    """Answer a POST or DELETE; the change, its events and the idempotency record are one transaction.

    Returns the answer and for how many seconds it is to be held back. With `fails` the operation ends in a
    500 after it began, which is stored like every outcome of an execution.
    """
    unit = Unit(services, call.account, Origin(call.request_id, call.key))
    with services.db.transaction():
        services.db.execute("SAVEPOINT operation")
        response = _run(unit, call, args, fails=fails)
        if fingerprint is not None and call.key is not None:
            stored = Stored(fingerprint, call.request_id, response.status, response.body)
            keys.store(services.db, call.account, call.key, stored, services.clock.now())
    return response, unit.delay


def _run(unit: Unit, call: Call, args: Args, *, fails: bool) -> Response:
    try:
        body = _answer(unit, call, args)
    except StripeError as error:
        return _failed(unit, call, error)
    except Exception:
        log.exception("%s failed", call.operation)
        return _failed(unit, call, _internal())
    return _failed(unit, call, _internal()) if fails else Response(200, encode(body))


def _answer(unit: Unit, call: Call, args: Args) -> Obj:
    result = OPERATIONS[call.operation or ""].handler(unit, args)
    unit.flush()
    shown = render(unit, result) if "id" in result else result
    return expand(unit, shown, args.params.get("expand") or [])


def _failed(unit: Unit, call: Call, error: StripeError) -> Response:
    if error.keep_changes:
        unit.flush()
    elif unit.db.connection.in_transaction:
        unit.db.execute("ROLLBACK TO operation")
    return Response(error.status, encode(error.body(call.request_id)), dict(error.headers))


def _internal() -> StripeError:
    return StripeError("An unexpected error occurred.", status=SERVER_ERROR, kind="api_error")
