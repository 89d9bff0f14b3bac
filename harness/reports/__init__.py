"""Views of the ledger: site, badges and exports. Nothing here runs a model or reads a collection."""
