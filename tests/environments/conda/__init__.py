"""Conda environments, made for real from channels in folders."""
