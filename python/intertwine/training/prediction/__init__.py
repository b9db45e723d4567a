"""Predictions of trained models, whole and by tiles."""
