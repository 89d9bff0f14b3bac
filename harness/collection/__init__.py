"""Models as found: where they are, what their descriptions say, and whether their files are what they claim."""
