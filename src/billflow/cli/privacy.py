"""`billflow customer export` and `erase`: what is kept of a customer, and forgetting it."""

from typing import TYPE_CHECKING

from billflow.cli import output
from billflow.cli.lookup import found, now, org_of
from billflow.cli.params import AsJson, CustomerId, Reason
from billflow.cli.session import actor, run

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ChangeContext, CustomerRef
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store


def export(customer: CustomerId) -> None:
    """Print everything that is kept of a customer, as JSON."""

    async def act(engine: "Engine") -> None:
        output.as_json(await engine.repositories.personal_data.export(await _ref(engine, customer), _change(None)))

    run(act)


def erase(customer: CustomerId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Replace a customer's names, e-mails and addresses, here and at Stripe; what it was billed stays.

    There is no way back. Refused while a plan is live or an invoice is open.
    """

    async def act(engine: "Engine") -> None:
        erasure = await engine.privacy.erase(await _ref(engine, customer), _change(reason))
        if as_json:
            output.as_json(erasure)
        else:
            output.say(f"The customer {erasure.customer_id} is forgotten; its invoices stay.")

    run(act)


async def _ref(store: "Store", typed: str) -> "CustomerRef":
    from billflow.models.contracts.customers import CustomerRef

    return CustomerRef(org_id=await org_of(store), customer_id=await found(store, "customer", typed))


def _change(reason: str | None) -> "ChangeContext":
    from billflow.models.contracts.customers import ChangeContext

    return ChangeContext(actor=actor(), at=now(), reason=reason)
