"""Tell endpoints of events: signed, retried, at least once, in no promised order."""
