"""A row of a table as a view that nobody counts."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array


def _row_of(typing_context: Any, table: Any, index: Any) -> Any:
    """Row of a contiguous two-dimensional array, without the reference count that `table[index]` keeps.

    Counting references is an atomic instruction; the kernel takes dozens of rows for each block and month, and the
    counts cost it a tenth of its time. The table must outlive the row.
    """
    if not (isinstance(table, types.Array) and table.ndim == 2 and table.layout == "C"):
        return None
    row_type = types.Array(table.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = make_array(signature.args[0])(context, builder, arguments[0])
        row = make_array(row_type)(context, builder)
        begin, length = cgutils.unpack_tuple(builder, source.strides)[0], cgutils.unpack_tuple(builder, source.shape)[1]
        data = cgutils.pointer_add(builder, source.data, builder.mul(begin, arguments[1]), source.data.type)
        populate_array(row, data, [length], [source.itemsize], source.itemsize, None)
        return row._getvalue()

    return row_type(table, types.intp), generate


row_of: Any = intrinsic(_row_of)
