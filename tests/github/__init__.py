"""Tests of the GitHub side."""
