"""Whether a tensor is what it should be, and if not, what the difference looks like."""
