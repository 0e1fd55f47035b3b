"""Lightning self-attention: self-attention without softmax, which is polynomial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, check_widths, numbered
from neurovariety.architectures.reading.not_algebraic import refuse_any
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.attention_bounds import attention_bound, attention_span, single_token_dimension
from neurovariety.errors import NotationError
from neurovariety.image import AttentionMaps, Image
from neurovariety.model import Shape
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import LINEAR, Heads, HiddenUnits, Silence, Size, Units, counts


@dataclass(frozen=True, repr=False)
class Attention(Architecture):
    """X -> sum over heads of V X X^T K^T Q X in each layer, on X of size d x t (d features, t tokens).

    ``widths`` = (d_0, ..., d_L); ``inner`` holds the head size a of each layer: K, Q are a x d_{l-1}, V is d_l x d_{l-1}; the input
    has shape (d_0, tokens), the output (d_L, tokens) (Henry, Marchetti, Kohn 2025).
    """

    family: ClassVar[str] = "attention"
    example: ClassVar[str] = "attention(3,2; a=2; t=4)"
    widths: tuple[int, ...]
    inner: tuple[int, ...]
    tokens: int
    heads: int = 1

    def __post_init__(self) -> None:
        check_widths(self.family, self.widths, self.example)
        if len(self.inner) != self.layers:
            raise NotationError(f"attention with {self.layers} layers needs 1 or {self.layers} head sizes, got {len(self.inner)}")
        for name, value in (
            ("head size", min(self.inner)),
            ("number of tokens", self.tokens),
            ("number of heads", self.heads),
        ):
            if value < 1:
                raise NotationError(f"attention: the {name} {value} is not positive")
        if self.heads * self.layers > 1000:
            raise NotationError(f"attention: {self.heads * self.layers} heads in all are more than the limit of 1,000")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Attention:
        """The architecture of the sections of a notation."""
        widths = sections.integers(sections.first, "widths")
        refuse_any(sections.rest)
        options, rest = sections.options({"a", "t", "heads"})
        if rest:
            raise NotationError(f"attention takes a=, t= and heads=, got {rest[0]!r} in {sections.shown!r}; e.g. {cls.example}")
        for needed in ("a", "t"):
            if needed not in options:
                raise NotationError(f"attention needs {needed}= in {sections.shown!r}; e.g. {cls.example}")
        inner = sections.one_each(sections.integers(options["a"], "a"), max(len(widths) - 1, 1), "a")
        return cls(widths, inner, sections.integer(options["t"], "t"), sections.integer(options.get("heads", "1"), "heads"))

    @property
    def layers(self) -> int:
        return len(self.widths) - 1

    def _name(self, matrix: str, layer: int, head: int) -> str:
        layer_name = numbered(matrix, layer, self.layers)
        return layer_name if self.heads == 1 else f"{layer_name}h{numbered('', head, self.heads)}"

    def head_blocks(self, layer: int) -> list[tuple[str, str, str]]:
        """Block names (K, Q, V) of each head of a layer."""
        return [(self._name("K", layer, h), self._name("Q", layer, h), self._name("V", layer, h)) for h in range(1, self.heads + 1)]

    def shapes(self) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        for l in range(1, self.layers + 1):
            d, out, a = self.widths[l - 1], self.widths[l], self.inner[l - 1]
            for k, q, v in self.head_blocks(l):
                found |= {k: (a, d), q: (a, d), v: (out, d)}
        return dict(sorted(found.items()))

    @property
    def input_shape(self) -> Shape:
        return (self.widths[0], self.tokens)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        for l in range(1, self.layers + 1):
            total = None
            for k, q, v in self.head_blocks(l):
                scores = (parameters[k] @ x).T @ (parameters[q] @ x)  # t x t, what a softmax would normalize
                head = parameters[v] @ (x @ scores)
                total = head if total is None else total + head
            x = total
        return x

    def notation(self) -> str:
        inner = self.inner[:1] if len(set(self.inner)) == 1 else self.inner
        parts = [",".join(map(str, self.widths)), f"a={','.join(map(str, inner))}", f"t={self.tokens}"]
        return f"attention({'; '.join(parts + ([f'heads={self.heads}'] if self.heads > 1 else []))})"

    def image(self) -> Image:
        return AttentionMaps(self.widths, self.inner, self.tokens, self.heads)

    def _inner(self, layer: int) -> list[Units]:
        """The rows of K and Q of each head of a layer."""
        out = []
        for h, (k, q, _) in enumerate(self.head_blocks(layer), start=1):
            where = f"layer {layer}" + (f", head {h}" if self.heads > 1 else "")
            basis = f"between K and Q of {where}"
            out.append(Units(self.inner[layer - 1], ((k, 0),), ((q, 0),), LINEAR, "row of K and Q", label=where, basis=basis))
        return out

    def _features(self, layer: int) -> Units:
        """The features after a layer that is not the last."""
        made = tuple((v, 0) for _, _, v in self.head_blocks(layer))
        read = tuple((name, 1) for head in self.head_blocks(layer + 1) for name in head)
        basis = f"on the features after layer {layer}"
        return Units(self.widths[layer], made, read, LINEAR, "feature", f" after layer {layer}", f"layer {layer}", basis=basis)

    def units(self) -> tuple[HiddenUnits, ...]:
        """Layer by layer: what K and Q of each head meet in, the heads, the features that follow."""
        out: list[HiddenUnits] = []
        for l in range(1, self.layers + 1):
            features = [self._features(l)] if l < self.layers else []
            out += [*self._inner(l), Heads(tuple(self.head_blocks(l)), f"layer {l}"), *features]
        return tuple(out)

    def silences(self) -> tuple[Silence, ...]:
        if self.heads > 1:
            return ()
        layers = range(1, self.layers + 1)
        return tuple(Silence(f"{letter}{l}", (name,)) for l in layers for letter, name in zip("KQV", *self.head_blocks(l), strict=True))

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Attention | None:
        """Heads have one number in all layers, and their K and Q one number of rows in each layer."""
        width = self.heads + 2
        layers = [counts(sizes[l * width : (l + 1) * width]) for l in range(self.layers)]
        rows = [set(layer[: self.heads]) for layer in layers]
        heads = {layer[self.heads] for layer in layers}
        if len(heads) > 1 or any(len(r) > 1 for r in rows):
            return None
        widths = (inputs or self.widths[0], *(layer[-1] for layer in layers[:-1]), outputs or self.widths[-1])
        return Attention(widths, tuple(r.pop() for r in rows), self.tokens, heads.pop())

    def symmetries(self) -> tuple[AxisAction, ...]:
        out: list[AxisAction] = []
        for l in range(1, self.layers + 1):
            for rows, (k, _, v) in zip(self._inner(l), self.head_blocks(l), strict=True):
                out += rows.symmetries()
                out.append(AxisAction(Kind.TORUS, 1, ((v, None, 1), (k, None, -1)), f"scaling V against K of {rows.label}"))
            out += self._features(l).symmetries() if l < self.layers else ()
        return tuple(out)

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, 1) for head in self.head_blocks(1) for name in head)

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return tuple((v, 0) for _, _, v in self.head_blocks(self.layers))

    def theorems(self) -> tuple[Theorem, ...]:
        d, out, a = self.widths[0], self.widths[1], min(self.inner[0], self.widths[0])
        single = Theorem(
            "one lightning self-attention head",
            "dimension",
            2 * a * d - a * a + d * out - 1,
            "the generic fiber is the orbit of GL(a) on (K, Q) and of the scaling of V against K",
            "henry2025",
            (
                Hypothesis("one layer, one head", self.layers == 1 and self.heads == 1),
                Hypothesis("at least two tokens", self.tokens >= 2),
            ),
        )
        one_token = Theorem(
            "one head a layer on one token",
            "dimension",
            single_token_dimension(self.widths, self.inner),
            "f(x) is W x times powers of quadratic forms of x, which are determined by unique factorization",
            "henry2025",
            (Hypothesis("one head a layer, one token", self.heads == 1 and self.tokens == 1),),
        )
        value, how = attention_bound(self.widths, self.inner, self.tokens, self.heads)
        at_most = Theorem(
            how,
            "dimension at most",
            value,
            "widths and head sizes reduced to what the next layer can see; the symmetric part of K^T Q where tokens are parallel",
            "henry2025",
        )
        spanned = attention_span(self.widths, self.tokens)
        span = Theorem(
            "products of entries of the input",
            "ambient",
            spanned or 0,
            "heads of rank one span the combinations of the (X X^T)_ij X_k, or on one token all forms of degree 3^L, in each "
            "output feature",
            "henry2025",
            (Hypothesis("one layer or one token", spanned is not None),),
        )
        return tuple(t for t in (single, one_token, at_most, span) if t.applies)
