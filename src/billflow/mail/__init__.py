"""Letters to customers in their language, and the way to a mail server."""
