"""Pooling over space and over the group, resampling, and heads."""
