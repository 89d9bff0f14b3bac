"""The makers of broken models, which live in the zoo."""

from tests.zoo.building import copy_model, update_sha256

__all__ = ["copy_model", "update_sha256"]
