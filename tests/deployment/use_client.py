"""A program that needs nothing but the client: it asks an API of its own, and prints what came."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from billflow.client import Client, Refused, commands, customers
from billflow.domain.commands import EndNow

CUSTOMER = """{"id": "c1", "name": "Acme", "email": "a@b.example", "status": "active", "suspended_at": null,
"deployment": {"kind": "realm", "name": "acme", "uuid": null}, "deployment_id": "d1", "hosting": "cloud",
"erp_customer_number": null, "default_currency": "USD", "default_language": "en-US", "billing_address": null,
"shipping_address": null, "metadata": {}, "settings": {}, "pricing": {}, "billing_account": {"id": "b1", "name": "Acme",
"is_default": true, "currency": "USD", "collection_method": "charge_automatically", "invoice_email": null,
"stripe_customer_id": null}, "created_at": "2027-01-31T00:00:00Z", "updated_at": "2027-01-31T00:00:00Z"}"""
PAGES = {
    "/api/v1/customers?limit=50": f'{{"customers": [{CUSTOMER}], "total": 2, "next": "more"}}',
    "/api/v1/customers?limit=50&after=more": f'{{"customers": [{CUSTOMER}], "total": 2, "next": null}}',
}
REFUSED = '{"code": "plan_ended", "detail": "The plan has ended; start a new one.", "status": 409}'


class Api(BaseHTTPRequestHandler):
    """Answers reads with what is in `PAGES`, and refuses all writes."""

    def do_GET(self) -> None:
        """Answer a read."""
        self._send(200, PAGES[self.path])

    def do_POST(self) -> None:
        """Refuse a write."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(409, REFUSED)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


def main() -> None:
    """Ask, and print what the client made of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Client(f"http://127.0.0.1:{server.server_port}", "bf_test_key", trust_env=False) as billflow:
        print(*(customer.id for customer in billflow.each(customers.search())))  # noqa: T201
        try:
            billflow.do(commands.give("p1", EndNow()))
        except Refused as refused:
            print(refused.code)  # noqa: T201
    print(*sorted(sys.modules), file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
