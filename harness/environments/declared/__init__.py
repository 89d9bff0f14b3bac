"""What authors declare that their weights need, and the environments that follow from it.

read ──► environment_yaml ──► match_spec, pythons     the files, of which nothing is believed
    └──► requirements_txt ──► requirement
                  │
             declaration      the normal form: equal declarations are equal
                  │
needs ──► spec                with what the consumer needs beside it: an environment of the store

Only :mod:`harness.environments.solve` looks at an index.
"""
