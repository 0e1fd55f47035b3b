"""``einsum`` of two values of a batch as transpositions and one matrix product, which covers linear attention and its like."""

from __future__ import annotations

from neurovariety.checkpoints.readers.building import Builder, Operand, Value, refuse


def contract(builder: Builder, name: str, path: str, equation: str, operands: list[Operand]) -> Value:
    """The contraction of ``equation``: one batch letter in front, any shared letters, one contracted, one free in each operand."""
    place = path or name
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or len(terms) != 2 or not all(t.isalpha() and len(set(t)) == len(t) for t in (*terms, right)):
        refuse(place, f"einsum {equation!r}", "two factors of different letters and an arrow are understood")
    (a, b), first = terms, terms[0][0]
    if b[0] != first or right[:1] != first:
        refuse(place, f"einsum {equation!r}", "the batch comes first in every factor")
    shared = [k for k in a[1:] if k in b and k in right]
    summed = [k for k in a[1:] if k in b and k not in right]
    free_a = [k for k in a[1:] if k not in b]
    free_b = [k for k in b[1:] if k not in a]
    if len(summed) != 1 or len(free_a) != 1 or len(free_b) != 1 or set(right[1:]) != {*shared, *free_a, *free_b}:
        refuse(place, f"einsum {equation!r}", "one summed letter and one free letter in each factor are understood")
    x = _permuted(builder, f"{name} left", path, builder.promoted(operands[0]), a[1:], [*shared, *free_a, *summed])
    y = _permuted(builder, f"{name} right", path, builder.promoted(operands[1]), b[1:], [*shared, *summed, *free_b])
    product = builder.node(name, path, "matmul", [x, y], transpose=(False, False))
    return _permuted(builder, f"{name} order", path, product, "".join([*shared, *free_a, *free_b]), list(right[1:]))


def _permuted(builder: Builder, name: str, path: str, value: Value, letters: str, wanted: list[str]) -> Value:
    permutation = tuple(letters.index(k) for k in wanted)
    if permutation == tuple(range(len(permutation))):
        return value
    return builder.node(name, path, "transpose", [value], permutation=permutation)
