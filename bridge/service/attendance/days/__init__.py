"""The rows that follow from punches and facts, and how they are kept true."""
