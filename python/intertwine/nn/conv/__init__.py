"""Convolutions on grids and points, linear layers and products: filters and matrices expanded from a basis."""
