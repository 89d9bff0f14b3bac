"""What a worker may reach: levels of isolation behind one contract."""
