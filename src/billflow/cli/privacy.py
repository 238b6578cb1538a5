"""`billflow customer export` and `erase`: what is kept of a customer, and forgetting it."""

from billflow.cli.lookup import CustomerHere
from billflow.cli.output import Output, write_json
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()
"""Added to `billflow customer`."""


@app.on_api("customer export 5f1c")
def export(api: Api, customer: CustomerHere) -> None:
    """Print everything that is kept of a customer, as JSON."""
    write_json(api.get(f"/customers/{customer}/export"))


@app.on_api("customer erase 5f1c")
def erase(api: Api, customer: CustomerHere) -> Output:
    """Replace a customer's names, e-mails and addresses, here and at Stripe; what it was billed stays.

    There is no way back. Refused while a plan is live or an invoice is open.
    """
    erasure = api.write("POST", f"/customers/{customer}/erase")
    return Output(erasure, f"The customer {erasure.customer_id} is forgotten; its invoices stay.")
