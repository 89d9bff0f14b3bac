"""Tests of the workflows: by rules, by linters, and by running them here."""
