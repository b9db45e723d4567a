"""The bridge that the R package crosses.

R talks to Python through this package alone. Its functions take and return plain values, raw bytes and the
library's own objects, so that the crossing behaves alike with every version of reticulate and of NumPy:

`crossing`
    how calls, arrays, values, errors and interrupts cross: `calls` is the one function through which every call goes, `arrays`
    and `numpy_arrays` send arrays as raw bytes, `values` converts results, `polling` lets R stop long calls;
all other files
    the Python half of R functions that need more than one line, one file for each topic.

Nothing in here is public in Python: use the library itself.
"""

from intertwine._r.crossing.calls import call

__all__ = ["call"]
