"""Columns of numbers as the array kernels want them: doubles, contiguous, of one length."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]


def columns_of(*values: ArrayLike) -> tuple[Doubles, ...]:
    """Return each of `values` as a contiguous column of doubles, single numbers repeated.

    A column that is one already is returned itself, not copied.

    Args:
        values: Numbers, or sequences of shape (n,); booleans become 1.0 and 0.0.

    Raises:
        ValueError: Two lengths differ, or an array has more than one dimension or is complex.
    """
    arrays = [_doubles_of(value) for value in values]
    if len({array.shape for array in arrays}) == 1 and arrays[0].ndim == 1:
        return tuple(arrays)
    if any(array.ndim > 1 for array in arrays):
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"columns have one dimension, not {shapes}")
    lengths = {array.size for array in arrays if array.ndim}
    if len(lengths) > 1:
        raise ValueError(f"columns of one chain have one length, not {sorted(lengths)}")
    shape = (lengths.pop() if lengths else 1,)
    return tuple(np.ascontiguousarray(np.broadcast_to(array, shape)) for array in arrays)


def _doubles_of(value: ArrayLike) -> Doubles:
    array = np.asarray(value)
    if np.iscomplexobj(array):
        raise ValueError("columns are of real numbers, not of complex ones")
    return np.asarray(array, dtype=np.float64, order="C")
