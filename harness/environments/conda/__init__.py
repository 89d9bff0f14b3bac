"""Environments made by conda's rules: Python and libraries from channels, the ``pip:`` section by uv.

build ──► order (what is asked for) ──► rattler_process  a process that runs rattler_program (py-rattler)
                                   └──► program          an installed micromamba, mamba or conda
"""
