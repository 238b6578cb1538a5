"""What invoices do with money: lines, totals, finalisation, payment (STRIPE.md 5.5 and 5.6)."""
