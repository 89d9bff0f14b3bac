"""What of the worker is JavaScript, held against what it stands for."""
