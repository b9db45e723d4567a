"""Layers that take fields apart, put them together or take them for something else."""
