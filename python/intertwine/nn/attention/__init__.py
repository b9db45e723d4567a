"""Attention between positions, and the transformer's block."""
