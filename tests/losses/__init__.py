"""Whatever Stripe loses of what we hold, nobody pays another cent."""
