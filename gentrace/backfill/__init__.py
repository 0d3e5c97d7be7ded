"""Sending many runs that are stored as lines of JSON."""
