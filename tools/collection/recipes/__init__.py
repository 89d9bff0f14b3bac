"""One module for each model; each has ``ABOUT`` and ``build(folder)``."""
