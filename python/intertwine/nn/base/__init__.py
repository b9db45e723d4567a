"""The base of all layers: modules, sequences, specifications, and what every family of layers uses."""
