"""What text displays share: what to show when, and how often."""
