"""Attempts to get out of a confinement, made from inside.

A guest in a foreign interpreter, like the worker: standard library only, Python 3.8 and later, relative
imports. It is copied into the confinement and run there by :mod:`harness.execute.isolate.probe`:

    main(TASK, ANSWER)

TASK is a file of JSON:

    attempts     names of those to make, see ``main.ATTEMPTS``
    token        what every secret outside contains, and nothing inside
    secrets      name of an attempt: path of a file outside that must not be readable
    tcp, udp     [address, port] of listeners outside
    abstract     name of an abstract Unix socket outside
    socket       path of a Unix socket outside
    docker       paths where Docker's socket may be
    neighbour    id of a process outside; its variables and its command line contain the token
    variables    names of the variables that this process was given
    closed       folders outside that must not be writable
    environment  folder of the environment that this interpreter belongs to
    processes    how many processes are too many

ANSWER gets a list of {"name", "escaped": true, false, or null if it could not be tried, "detail": words}. The
working directory is the only folder that may be written to.
"""
