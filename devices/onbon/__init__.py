"""Onbon font cards: frames, messages, dynamic areas, text."""
