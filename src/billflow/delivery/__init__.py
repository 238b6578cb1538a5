"""Other people's addresses: events that are signed and sent there, and seats that are read there."""
