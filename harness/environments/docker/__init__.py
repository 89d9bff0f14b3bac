"""Environments as images of a Docker engine.

build ──► recipe (the Dockerfile) + settings, local_wheels ──► context ──► program  a process with the SDK
     └──► contents (what came out) ──► inside (hardened containers)  └──► buildkit  the client, if it has it
engine: what the engine says · advice: what its troubles mean · steps: how far a build has come
"""
