"""Network code that travels inside the model packages: it imports nothing but torch."""
