"""From the evidence that a worker leaves to the answer of its cell."""
