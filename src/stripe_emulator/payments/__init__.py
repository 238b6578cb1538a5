"""Payment intents and charges: what happens when a payment method is charged."""
