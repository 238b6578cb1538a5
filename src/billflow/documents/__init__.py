"""Invoices on document: what is on them, in the customer's language, as PDF and as HTML."""
