"""The drivers process: supervisors, journal, publisher, presence."""
