"""The bridge that the R package crosses.

R talks to Python through this package alone. Its functions take and return plain values, raw bytes and the
library's own objects, so that the crossing behaves alike with every version of reticulate and of NumPy:

`calls`
    one function through which every call goes; exceptions and warnings come back as data;
`arrays`
    arrays as raw bytes, in both directions;
`values`
    what R's conversion would get wrong, put right before it leaves;
`polling`
    long calls that ask R from time to time whether to go on;
`groups`, `fields`, `layers`, `checks`
    the verbs of the R package, where they need more than one line of Python.

Nothing in here is public in Python: use the library itself.
"""

from intertwine._r.crossing.calls import call

__all__ = ["call"]
