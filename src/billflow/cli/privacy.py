"""`billflow customer export` and `erase`: what is kept of a customer, and forgetting it."""

from billflow.cli.lookup import CustomerHere, change_here
from billflow.cli.output import Output, write_json
from billflow.cli.session import CommandGroup, Engine

app = CommandGroup()
"""Added to `billflow customer`."""


@app.on_engine("customer export 5f1c")
async def export(engine: Engine, customer: CustomerHere) -> None:
    """Print everything that is kept of a customer, as JSON."""
    write_json(await engine.repositories.personal_data.export(customer, change_here()))


@app.on_engine("customer erase 5f1c")
async def erase(engine: Engine, customer: CustomerHere) -> Output:
    """Replace a customer's names, e-mails and addresses, here and at Stripe; what it was billed stays.

    There is no way back. Refused while a plan is live or an invoice is open.
    """
    from billflow.models.contracts.customer_responses import ErasureResponse

    erasure = await engine.privacy.erase(customer, change_here())
    return Output(ErasureResponse.of(erasure), f"The customer {erasure.customer_id} is forgotten; its invoices stay.")
