"""What invoices do with money: lines, totals, finalization, payment."""
