"""Recipes that make the sample models in ``collection/``: images, training, weights, descriptions."""
