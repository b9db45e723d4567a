"""The main demonstration: what symmetry is worth on digits that are turned."""
