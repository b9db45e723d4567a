"""What follows from a finite group's table of products: classes, characters, subgroups, real irreps."""
