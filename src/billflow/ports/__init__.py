"""What activities need of database, Stripe and mail, which workflows must not reach through them.

Activities name these protocols and never the classes behind them: workflows import activities, and an import contract
keeps SQLAlchemy and Stripe's client out of workflows. `stripe_events` has implementations in memory, in tests.
"""
