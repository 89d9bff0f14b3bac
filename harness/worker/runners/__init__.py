"""One module for each consumer's runtime, with these functions:

warm()                                            import all that any cell may need, and run none of it:
                                                  cells are forked out of this process
prepare(job)                                      import the runtime, fix seeds and threads
refuse(job)                                       may be left out: raise RefusedError if the tool itself says
                                                  that it does not take the model; no code of that runs yet
needs(job) -> [name, ...]                         what the weights import that is no part of weights, as far
                                                  as the framework itself can tell without loading them
load(job) -> model                                load the weights
predict(model, inputs, folder, padding)           inputs: paths of .npy in the description's order; writes
    -> ([{"name": ..., "file": ...}, ...], s)     the outputs below ``folder``; s: seconds of inference

``arrays`` reads and writes the files, so that trouble with them is told apart from trouble with the model.
"""
