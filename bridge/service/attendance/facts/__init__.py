"""What people tell and decide: the ledger and what it amounts to."""
