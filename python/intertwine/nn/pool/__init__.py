"""Pooling over space and over the group, and resampling."""
