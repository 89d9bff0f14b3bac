"""NVIDIA GPUs of this machine: which there are, whether they can be used, and what a worker must see."""
