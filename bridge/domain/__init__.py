"""The rules of the hall, as pure functions and tables."""
