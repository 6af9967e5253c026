"""Resident ID card readers (SDT/SAM) and the cards that they read."""
