"""ZKTeco clocks: packets, records, users, live events."""
