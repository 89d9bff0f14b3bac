"""GitHub: what happened there, what is said there, and the only door to its API.

Like a page, all that is said is made of stored records alone.
"""
