"""One training run: the loop, devices, optimisers, modes, random streams, checkpoints."""
