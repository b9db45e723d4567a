"""Convolutions, linear layers and products: filters expanded from a basis."""
