"""Measurements that later work compares with: ``python -m nox -s bench``. Not tests: nothing here fails."""
