"""The support console: pages for people, on the same service as the HTTP API."""
