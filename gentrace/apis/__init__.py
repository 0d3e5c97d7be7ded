"""The API by tag and by path."""
