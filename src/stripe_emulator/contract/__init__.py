"""What Stripe's SDKs say about parameters and objects, cut down to what the server needs at run time."""
