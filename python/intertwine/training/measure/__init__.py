"""Losses and metrics, by name or as functions."""
