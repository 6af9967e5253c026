"""Apertum button panels (`ub485`)."""
