"""Models as found: where they are, what their descriptions say, whether their files are what they claim."""
