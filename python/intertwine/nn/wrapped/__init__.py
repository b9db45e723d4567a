"""Plain networks made equivariant: averages, frames and learned poses; weights of planar networks in group convolutions."""
