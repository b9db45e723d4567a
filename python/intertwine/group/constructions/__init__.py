"""Representations made of others: decompositions, sums, products, induction, homogeneous spaces."""
