"""Workers that are forked out of a process which has imported the framework already."""
