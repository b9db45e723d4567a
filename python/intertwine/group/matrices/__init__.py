"""Arrays that know no groups: the solver, harmonics, rotations, points of the sphere, labels."""
