"""The record of every execution: append-only, and the only thing that views are made from."""
