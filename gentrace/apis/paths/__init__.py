"""The API by path, a class each."""
