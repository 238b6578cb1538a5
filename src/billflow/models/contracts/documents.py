"""What an invoice on paper needs beside the invoice."""

from billflow.models.contracts.base import Contract


class Seller(Contract):
    """Who bills: the name, and the lines printed below it, such as address, tax number and bank account."""

    name: str
    lines: tuple[str, ...] = ()
