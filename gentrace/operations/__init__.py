"""What an operation is declared with; a request put together, an answer read."""
