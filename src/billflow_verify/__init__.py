"""Checks the proof of an invoice with nothing but the proof and a public key; it knows nothing of billflow."""
