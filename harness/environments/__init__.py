"""Locked environments: what they hold, how they are built once, and where they are kept."""
