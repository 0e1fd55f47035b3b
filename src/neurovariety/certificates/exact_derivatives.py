"""Derivatives of a perceptron with analytic activations at exact weights, as sums of monomials that hold coincidences of units.

With every unit goes the affine form that it reads, with exact coefficients, in the values of units before it and in the inputs.
Units of a layer with the same form are the same function, and so are, up to what the activation says of it, those with opposite forms
(tanh is odd, cos even, sigmoid(-z) = 1 - sigmoid(z), and softplus, silu and gelu satisfy f(-z) = f(z) - z) and those of exp whose
forms differ by a constant, which is a factor. Values and slopes of what is left are letters; a derivative of an output by a weight
is a sum of products of these. Whatever relations the letters have beside, the rank of the derivatives is at most that of their
coefficients over Q.

Where what units read is normalized, 1 / sqrt(variance + epsilon) is a letter, and units read the multiples of it by what they read
less its mean.

Constants such as tanh(1/3) are letters as well. A factor of this kind that a whole derivative has is left out, which changes no
rank unless the factor is 0, and then the rank is smaller. The derivative by the bias of a unit of exp is left out as well: it is
the sum of those by the weights after it, each times its weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any

import flint

from neurovariety.certificates.zeros import NotShown

Monomial = tuple[int, ...]
"""Letters by number, ascending; a letter may stand there twice."""
Form = Mapping[Monomial, Fraction]
"""A sum of monomials."""
Column = Sequence[Form]
"""The derivatives of the outputs by a weight."""
Place = tuple[int, Monomial]
"""An output, and a monomial."""
ODD, EVEN, _LESS = ("tanh", "sin", "erf"), ("cos",), ("softplus", "silu", "gelu", "gelu_tanh")
"""f(-z) is -f(z), or f(z), or f(z) - z; of sigmoid it is 1 - f(z)."""
AT_ZERO = (*ODD, "silu", "gelu", "gelu_tanh")
"""Activations that are 0 at 0."""
_HALF, _ONE, _ZERO = Fraction(1, 2), Fraction(1), Fraction(0)
_VALUES_AT_ZERO: Mapping[str, tuple[Fraction | None, Fraction | None]] = {
    "tanh": (_ZERO, _ONE),
    "sin": (_ZERO, _ONE),
    "erf": (_ZERO, None),
    "cos": (_ONE, _ZERO),
    "sigmoid": (_HALF, Fraction(1, 4)),
    "softplus": (None, _HALF),
    "silu": (_ZERO, _HALF),
    "gelu": (_ZERO, _HALF),
    "gelu_tanh": (_ZERO, _HALF),
    "exp": (_ONE, _ONE),
}
"""Value and slope at 0, where they are rational."""
_MOST_TERMS = 200_000
"""Terms of all derivatives: some seconds."""


@dataclass
class Letters:
    """The letters that were met: numbers of inputs, of values and slopes of forms, and of constants; with ``split``, sines of sums are
    written by those of the parts."""

    split: bool = False
    numbers: dict[object, int] = field(default_factory=dict)
    constants: set[int] = field(default_factory=set)
    terms: int = 0

    def letter(self, name: object, constant: bool = False) -> Form:
        """The letter of a name."""
        number = self.numbers.setdefault(name, len(self.numbers))
        if constant:
            self.constants.add(number)
        return {(number,): _ONE}

    def without_constants(self, monomial: Monomial) -> Monomial:
        """The letters of a monomial that are no numbers."""
        return tuple(letter for letter in monomial if letter not in self.constants)

    def is_constant(self, monomial: Monomial) -> bool:
        """Whether a monomial is a number."""
        return self.constants.issuperset(monomial)

    def times(self, a: Form, b: Form) -> Form:
        """The product. Raises `NotShown` where there are too many terms."""
        found: dict[Monomial, Fraction] = {}
        self.terms += len(a) * len(b)
        if self.terms > _MOST_TERMS:
            raise NotShown("the derivatives have too many terms to be written out")
        for m, c in a.items():
            for n, d in b.items():
                both = tuple(sorted((*m, *n)))
                found[both] = found.get(both, _ZERO) + c * d
        return {m: c for m, c in found.items() if c}

    def unit(self, name: str, z: Form) -> tuple[Form, Form]:
        """Value and slope of a unit that reads a form."""
        if not z:
            value, slope = _VALUES_AT_ZERO[name]
            return (
                self.letter((name, "at 0"), True) if value is None else _number(value),
                self.letter((name, "slope at 0"), True) if slope is None else _number(slope),
            )
        if name == "exp":
            shift = {m: c for m, c in z.items() if self.is_constant(m)}
            rest = {m: c for m, c in z.items() if m not in shift}
            factor = self.letter((name, _frozen(shift)), True) if shift else _number(_ONE)
            found = self.times(factor, self.letter((name, _frozen(rest)))) if rest else factor
            return found, found
        if self.split and name in ("sin", "cos"):
            sine, cosine = self._split(z)
            return (sine, cosine) if name == "sin" else (cosine, scaled(sine, -1))
        moves = not all(map(self.is_constant, z))
        if self._sign(z) < 0 and (name in (*ODD, *EVEN) or (moves and name in (*_LESS, "sigmoid"))):
            turned = {m: -c for m, c in z.items()}
            return self._turned(name, turned, *self._letters(name, turned))
        return self._letters(name, z)

    def _split(self, z: Form) -> tuple[Form, Form]:
        """Sine and cosine of a form, by those of its constant and of the rest."""
        shift = {m: c for m, c in z.items() if self.is_constant(m)}
        (s, c), (t, d) = self._circle({m: c for m, c in z.items() if m not in shift}), self._circle(shift)
        times = self.times
        return total([times(s, d), times(c, t)]), total([times(c, d), scaled(times(s, t), -1)])

    def _circle(self, z: Form) -> tuple[Form, Form]:
        if not z:
            return {}, _number(_ONE)
        sign = self._sign(z)
        sine, cosine = self._letters("sin", scaled(z, sign))
        return scaled(sine, sign), cosine

    def _letters(self, name: str, z: Form) -> tuple[Form, Form]:
        constant, key = all(map(self.is_constant, z)), _frozen(z)
        return self.letter((name, key), constant), self.letter((name, "slope", key), constant)

    @staticmethod
    def _turned(name: str, z: Form, value: Form, slope: Form) -> tuple[Form, Form]:
        """Value and slope at -z, from those at z."""
        if name in ODD:
            return scaled(value, -1), slope
        if name in EVEN:
            return value, scaled(slope, -1)
        if name == "sigmoid":
            return total([_number(_ONE), scaled(value, -1)]), slope
        return total([value, scaled(z, -1)]), total([_number(_ONE), scaled(slope, -1)])

    def _sign(self, z: Form) -> int:
        """The sign of the first coefficient, that of a monomial which is no number where there is one."""
        first = min(z, key=lambda m: (self.is_constant(m), m))
        return 1 if z[first] > 0 else -1

    def shared_constants(self, forms: Sequence[Form]) -> Counter[int]:
        """The constants that all monomials of forms have as factors."""
        common: Counter[int] | None = None
        for m in (m for form in forms for m in form):
            own = Counter(letter for letter in m if letter in self.constants)
            common = own if common is None else common & own
        return common or Counter()


def total(forms: Sequence[Form]) -> Form:
    """The sum of forms."""
    found: dict[Monomial, Fraction] = {}
    for form in forms:
        for m, c in form.items():
            found[m] = found.get(m, _ZERO) + c
    return {m: c for m, c in found.items() if c}


def scaled(form: Form, factor: Fraction | int) -> Form:
    """A multiple of a form."""
    return {m: c * factor for m, c in form.items()} if factor else {}


def _number(value: Fraction) -> Form:
    return {(): value} if value else {}


def _frozen(form: Form) -> tuple[tuple[Monomial, Fraction], ...]:
    return tuple(sorted(form.items()))


@dataclass(frozen=True, eq=False)
class WrittenLayer:
    """Rows of weights, biases or None, and the name of the activation after them, empty for the last; ``normalized`` where what units
    read is, before it."""

    rows: Sequence[Sequence[Fraction]]
    bias: Sequence[Fraction] | None
    name: str
    normalized: bool = False


@dataclass(frozen=True, eq=False)
class WrittenUnits:
    """The ``values`` and ``slopes`` of a layer; and where it is normalized the ``root`` 1 / sqrt(variance + epsilon), and what stands
    in place of what was ``read``: that less its mean, times the root."""

    values: list[Form]
    slopes: list[Form]
    read: list[Form]
    root: Form | None = None

    def backward(self, letters: Letters, back: Sequence[Form]) -> list[Form]:
        """From the derivatives by values those by what was read before it was normalized: r (g - mean g - y mean(g y))."""
        g = [letters.times(b, s) for b, s in zip(back, self.slopes, strict=True)]
        if self.root is None:
            return g
        one = scaled(total(g), Fraction(-1, len(g)))
        two = scaled(total([letters.times(a, y) for a, y in zip(g, self.read, strict=True)]), Fraction(-1, len(g)))
        return [letters.times(self.root, total([a, one, letters.times(y, two)])) for a, y in zip(g, self.read, strict=True)]


def read_forms(
    layers: Sequence[WrittenLayer], inputs: int, split: bool = False
) -> tuple[Letters, list[list[Form]], list[WrittenUnits]]:
    """The letters of a network, what its units read before it is normalized, and its units layer by layer, the inputs as the first."""
    letters = Letters(split)
    met = [WrittenUnits([letters.letter(("input", j)) for j in range(inputs)], [], [])]
    reads: list[list[Form]] = []
    for layer in layers:
        affine = [total([scaled(v, w) for v, w in zip(met[-1].values, row, strict=True)]) for row in layer.rows]
        if layer.bias is not None:
            affine = [total([z, _number(b)]) for z, b in zip(affine, layer.bias, strict=True)]
        reads.append(affine)
        if layer.name:
            root, read = _normalized(letters, affine) if layer.normalized else (None, affine)
            found = [letters.unit(layer.name, z) for z in read]
            met.append(WrittenUnits([v for v, _ in found], [s for _, s in found], read, root))
    return letters, reads, met


def _normalized(letters: Letters, read: Sequence[Form]) -> tuple[Form, list[Form]]:
    """The letter of 1 / sqrt(variance + epsilon), the same for what has the same differences, and normalized forms."""
    mean = scaled(total(read), Fraction(-1, len(read)))
    apart = [total([z, mean]) for z in read]
    constant = all(letters.is_constant(m) for z in apart for m in z)
    root = letters.letter(("root", tuple(map(_frozen, apart))), constant)
    return root, [letters.times(root, z) for z in apart]


def rank_of_derivatives(layers: Sequence[WrittenLayer], inputs: int) -> int:
    """What the rank of the derivatives of all outputs by all weights is at most. Raises `NotShown` where they have too many terms."""
    ways = (False, True) if any(layer.name in ("sin", "cos") for layer in layers) else (False,)
    return min(_written_rank(layers, inputs, split) for split in ways)


def _written_rank(layers: Sequence[WrittenLayer], inputs: int, split: bool) -> int:
    letters, _, met = read_forms(layers, inputs, split)
    columns = [
        column
        for (l, bias), column in _derivatives(letters, layers, met)
        if not (bias and layers[l].name == "exp" and not layers[l].normalized)  # a combination of those by the weights after it
    ]
    shorter = [_without(letters.shared_constants(column), column) for column in columns]
    return sum(min(_rank(letters, own), _rank(letters, part)) for own, part in _apart(letters, columns, shorter))


def _derivatives(
    letters: Letters, layers: Sequence[WrittenLayer], met: Sequence[WrittenUnits]
) -> Iterator[tuple[tuple[int, bool], Column]]:
    """For each weight its layer, whether it is a bias, and the derivatives of the outputs."""
    outputs = len(layers[-1].rows)
    back: list[list[Form]] = [[_number(_ONE) if o == k else {} for k in range(outputs)] for o in range(outputs)]
    for l in range(len(layers) - 1, -1, -1):
        layer = layers[l]
        for k in range(len(layer.rows)):
            for value in met[l].values:
                yield (l, False), [letters.times(back[o][k], value) for o in range(outputs)]
            if layer.bias is not None:
                yield (l, True), [back[o][k] for o in range(outputs)]
        if l:
            units = range(len(met[l].values))
            by_values = [[total([scaled(b, row[j]) for b, row in zip(own, layer.rows, strict=True)]) for j in units] for own in back]
            back = [met[l].backward(letters, own) for own in by_values]


def _without(factors: Counter[int], column: Column) -> list[Form]:
    if not factors:
        return list(column)
    return [{tuple(sorted((Counter(m) - factors).elements())): c for m, c in form.items()} for form in column]


def _apart(letters: Letters, columns: Sequence[Column], shorter: Sequence[Column]) -> Iterator[tuple[list[Column], list[Column]]]:
    """Columns that are not 0, and the same without shared constants, in groups that have no place in common."""
    group: dict[Place, Place] = {}

    def root(k: Place) -> Place:
        while group.setdefault(k, k) != k:
            group[k] = group[group[k]]
            k = group[k]
        return k

    places = [
        list(dict.fromkeys((o, letters.without_constants(m)) for o, form in enumerate(column) for m in form)) for column in columns
    ]
    for met in places:
        for k in met[1:]:
            group[root(k)] = root(met[0])
    parts: dict[Place, tuple[list[Column], list[Column]]] = {}
    for met, column, short in zip(places, columns, shorter, strict=True):
        if met:
            own, part = parts.setdefault(root(met[0]), ([], []))
            own.append(column)
            part.append(short)
    yield from parts.values()


def _rank(letters: Letters, columns: Sequence[Column]) -> int:
    """What the rank of columns is at most: that over Q where constants are letters; or that where all is known at the places at which
    one has a constant, and over Q elsewhere."""
    places: dict[Place, int] = {}
    rows: list[dict[int, Fraction]] = []
    for column in columns:
        rows.append({places.setdefault((o, m), len(places)): c for o, form in enumerate(column) for m, c in form.items()})
    spoiled = {(o, rest) for o, m in places if (rest := letters.without_constants(m)) != m}
    clean = {k for (o, m), k in places.items() if (o, letters.without_constants(m)) not in spoiled}
    plain = rank_over_q(rows)
    return min(plain, len(spoiled) + rank_over_q([{k: c for k, c in row.items() if k in clean} for row in rows])) if spoiled else plain


def rank_over_q(rows: Sequence[Mapping[Any, Fraction]]) -> int:
    """The rank of rows over Q, each of which names the places where it is not 0."""
    rows = [row for row in rows if row]
    if len(rows) <= 1:
        return len(rows)
    places = {k: i for i, k in enumerate(dict.fromkeys(k for row in rows for k in row))}
    entries: list[int] = []
    for row in rows:
        scale, line = lcm(*(c.denominator for c in row.values())), [0] * len(places)
        for k, c in row.items():
            line[places[k]] = c.numerator * (scale // c.denominator)
        entries += line
    return int(flint.fmpz_mat(len(rows), len(places), entries).rank())
