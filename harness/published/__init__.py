"""The ledger that everybody sees: a branch of its own in a git repository, to which is only ever added."""
