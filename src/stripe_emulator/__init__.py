"""A local server that speaks Stripe's wire protocol, for development and tests; it knows nothing of its clients."""
