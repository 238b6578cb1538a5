"""What can be wrong with the database as a whole."""


class NoDatabase(Exception):
    """PostgreSQL can't be reached, or lacks our tables; the message says where and what to do. Try again later."""
