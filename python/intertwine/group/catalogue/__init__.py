"""The groups that have names: of the plane, of space, families, products, and any finite group from its generators."""
