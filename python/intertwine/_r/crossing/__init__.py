"""How calls, arrays and values cross between R and Python."""
