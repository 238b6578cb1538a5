"""What another billing system exports: read from files or from Stripe, mapped, and put together by customer."""
