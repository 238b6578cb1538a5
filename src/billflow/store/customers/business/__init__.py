"""The figures of the whole business: what recurs, what came in, what is owed, what waits."""
