"""What a call costs, beside the same call written by hand and beside other clients."""
