"""What evaluates a network's layers on a CPU in place of torch: ncnn, in float32.

An engine is a property of the run, never of the file. It gets the same numbers as torch up to
rounding, and the same bits for every number of threads.
"""
