"""The customer portal: what a customer sees and does by itself, on the same service as the HTTP API."""
