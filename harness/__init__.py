"""Continuous integration for the BioImage Model Zoo."""

__version__ = "0.1.0"
