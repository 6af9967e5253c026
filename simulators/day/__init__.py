"""A whole hall day: its plan, and its playing."""
