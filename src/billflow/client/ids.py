"""Calls that find what people name."""

from billflow.client.calls import Call, get
from billflow.models.contracts.ids import IdsResponse, Named


def search(kind: Named, name: str) -> Call[IdsResponse]:
    """Tell which ids begin so, or are a customer's of that name or a document's of that number: three at most."""
    return get("/ids", IdsResponse, kind=kind, name=name)
