"""What can be asked of a reader of tables; the command line reads its options here."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypedDict

from neurovariety.options import Option

Missing = Literal["fail", "drop"]
Categories = Literal["fail", "one-hot"]
YesOrNo = Literal["yes", "no"]
DecimalSign = Literal["comma", "point"]


class TableOptions(TypedDict, total=False):
    """Options of `read_table`, with what they are where they are left out.

    ``features``: the input columns, in this order (all that are no targets). ``drop``: columns to leave out. ``missing``: a missing
    value is refused (``fail``), or its row is left out (``drop``). ``categories``: words are refused (``fail``), or each word of a
    column becomes a column of 0 and 1 (``one-hot``). ``rows``: so many of the first rows, or ``"11:20"``, rows counted from 1, both
    ends included. ``header``: whether the first line names the columns; it is asked for only where that line is all numbers.
    ``decimal``: the decimal sign, asked for only where numbers can be read in two ways.
    """

    features: Annotated[str | Sequence[str] | None, Option("input columns, separated by commas (default: all that are no targets)")]
    drop: Annotated[str | Sequence[str] | None, Option("columns to leave out, separated by commas")]
    missing: Annotated[
        Missing,
        Option(
            "leave rows with a missing value out (drop), or refuse them (fail, the default)",
            default="fail",
            unknown="missing values: {value!r} is unknown, choose {choices}",
        ),
    ]
    categories: Annotated[
        Categories,
        Option(
            "make a column of 0 and 1 of each word of a column (one-hot), or refuse words (fail, the default)",
            default="fail",
            unknown="categories: {value!r} is unknown, choose {choices}",
        ),
    ]
    rows: Annotated[str | int | None, Option("so many of the first rows, or 11:20 for rows 11 to 20")]
    header: Annotated[YesOrNo | None, Option("whether the first line names the columns, where it is all numbers")]
    decimal: Annotated[DecimalSign | None, Option("decimal sign, where numbers can be read in two ways")]
