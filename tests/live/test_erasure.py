"""With encrypted payloads, in live mode: after its erasure a customer is in no history, read with the keys."""

from tests.api.test_erasure import test_what_clients_wrote_about_a_customer_is_nowhere_after_its_erasure

__all__ = ["test_what_clients_wrote_about_a_customer_is_nowhere_after_its_erasure"]
