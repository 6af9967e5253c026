"""Attendance kept: the ledger, the facts, the days that follow from them."""
