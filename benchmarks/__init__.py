"""Compare the cost of a call with the same call written by hand, and with other clients."""
