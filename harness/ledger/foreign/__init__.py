"""Records of other jobs, which ran the code of strangers: nothing of them is believed that can be checked.

A harness that nobody tampered with writes nothing that is refused here. So of a shard that hands over one
such record none is taken: whoever could write that one could have written the others.
"""
