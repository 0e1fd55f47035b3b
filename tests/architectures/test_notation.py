"""Notation: round trip, errors of one line, and nothing else whatever the text."""

from __future__ import annotations

import random
import re
from fractions import Fraction

import flint
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import neurovariety as nv
from neurovariety.architectures import CNN, MLP, Activation, Attention, Linear, parse
from neurovariety.architectures.notation import EXAMPLES

WIDTH = st.integers(1, 9)


@st.composite
def coefficient(draw):
    return Fraction(draw(st.integers(-20, 20).filter(bool)), draw(st.integers(1, 9)))


@st.composite
def terms(draw):
    """(exponent, coefficient) of a random activation, or the degree of a generic one."""
    if draw(st.booleans()):
        return draw(st.integers(1, 6))
    exponents = draw(st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True).filter(lambda e: max(e) > 0))
    return tuple((e, draw(coefficient())) for e in sorted(exponents, reverse=True))


@st.composite
def quotient(draw):
    """A proper rational function as text, not in normal form."""
    over, under = (
        " + ".join(f"({draw(coefficient())})*x^{e}" for e in draw(st.sets(st.integers(0, 6), min_size=1, max_size=3))) for _ in "ab"
    )
    return f"({over})/({under} + x^7)^{draw(st.integers(1, 3))}"


def activation(drawn):
    return Activation.generic(drawn) if isinstance(drawn, int) else Activation(drawn)


@st.composite
def mlp(draw):
    widths = tuple(draw(st.lists(WIDTH, min_size=2, max_size=5)))
    return "mlp", widths, [draw(terms()) for _ in widths[1:-1]], draw(st.booleans())


@st.composite
def cnn(draw):
    layers, d = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    shape = st.tuples(*[st.integers(1, 3)] * d)
    filters = tuple(draw(shape) for _ in range(layers))
    strides = tuple(draw(shape) for _ in range(layers))
    channels = tuple(draw(st.integers(1, 3)) for _ in range(layers + 1))
    outputs, extra = draw(shape), draw(shape)
    return "cnn", filters, [draw(terms()) for _ in filters[1:]], strides, channels, outputs, extra


@st.composite
def attention(draw):
    widths = tuple(draw(st.lists(WIDTH, min_size=2, max_size=4)))
    return "attention", widths, tuple(draw(st.integers(1, 4)) for _ in widths[1:]), draw(st.integers(1, 5)), draw(st.integers(1, 3))


LINEAR = st.lists(WIDTH, min_size=2, max_size=5).map(lambda w: ("linear", tuple(w)))
ANY = st.one_of(LINEAR, mlp(), cnn(), attention())


def build(drawn):
    """The architecture of what a strategy drew."""
    family, *rest = drawn
    if family == "linear":
        return Linear(*rest)
    if family == "mlp":
        widths, acts, bias = rest
        return MLP(widths, tuple(map(activation, acts)), bias)
    if family == "attention":
        return Attention(*rest)
    filters, acts, strides, channels, outputs, extra = rest
    shortest = CNN.shortest(filters, tuple(map(activation, acts)), strides, channels, outputs)
    # A somewhat longer input than needed: sometimes the same outputs, sometimes more.
    return CNN(filters, shortest.activations, strides, channels, tuple(n + e - 1 for n, e in zip(shortest.size, extra, strict=True)))


@settings(max_examples=300)
@given(ANY)
def test_round_trip(drawn):
    architecture = build(drawn)
    text = repr(architecture)
    again = parse(text)
    assert again == architecture
    assert repr(again) == text
    assert again.shapes() == architecture.shapes()


@settings(max_examples=60)
@given(terms())
def test_round_trip_of_activations(drawn):
    assert Activation.parse(str(activation(drawn))) == activation(drawn)


@settings(max_examples=60)
@given(quotient(), st.integers(2, 20))
def test_rational_activations_are_kept_in_lowest_terms(text, x):
    """Reading, writing and reading again gives the same object, coprime and monic below; its values are those of the text."""
    found = Activation.parse(text)
    assert Activation.parse(str(found)) == found
    over, under = ([c for _, c in terms] for terms in (found.terms, found.denominator))
    assert under[0] == 1
    assert all(over)
    polynomials = [
        flint.fmpq_poly([flint.fmpq(dict(t).get(e, Fraction(0)).numerator, dict(t).get(e, Fraction(0)).denominator) for e in range(30)])
        for t in (found.terms, found.denominator)
    ]
    assert polynomials[0].gcd(polynomials[1]).degree() == 0
    point = Fraction(x, 3)
    text = re.sub(r"(?<![\^\d])(\d+)", r"Fraction(\1)", text).replace("^", "**")
    try:
        exact = eval(text, {"x": point, "Fraction": Fraction})
    except ZeroDivisionError:  # a pole, or a common zero of the text's two polynomials
        assume(False)
    value = sum(c * point**e for e, c in found.terms) / sum(c * point**e for e, c in found.denominator)
    assert value == exact


NAMED = [
    "mlp(2,3,1; x^2)",
    "mlp(2,2,1; x^3 + x^2)",
    "mlp(3,3,2,1; x^2, x^3)",
    "mlp(2,3,1; x^2; bias)",
    "mlp(2,3,1; generic(4))",
    "mlp(2,3,1; 1/3*x^2 - 2*x + 5)",
    "mlp(4,2)",
    "mlp(4,2; bias)",
    "linear(3,2,3)",
    "cnn(2,2; x^2)",
    "cnn(3,3; x; strides=2,1; outputs=2)",
    "cnn(3x3,2x1; x^2; channels=3,2,1)",
    "cnn(3x3,2x2; x^2; strides=2x1,1; outputs=2x3)",
    "cnn(2,2; x^3; strides=2,1; input=7)",
    "attention(3,2; a=2; t=4)",
    "attention(3,2; a=1; t=4; heads=2)",
    "attention(3,2,2; a=1,2; t=3)",
    "mlp(2,3,1; 1/x)",
    "mlp(2,3,1; 1/x^2; bias)",
    "mlp(2,3,3,1; (x^2 + 1)/(x - 2), x^2)",
    "mlp(2,3,1; (2/3*x)/(x^2 - 1/2))",
    "cnn(2,2; (x + 1)/x)",
    "ratio(mlp(2,3,1; x^2); mlp(2,2,1; x^2))",
    "residual(attention(3,3; a=2; t=4))",
    "sequence(linear(3,2); residual(mlp(2,4,2; x^2)); linear(2,1))",
    "ratio(sequence(linear(3,2); residual(cnn(1,1; 1/x; outputs=2)); linear(2,1)); linear(3,1))",
]


@pytest.mark.parametrize("text", NAMED)
def test_canonical_notation_is_kept(text):
    assert repr(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("  MLP( 2 , 3,1 ;x**2 ) ", "mlp(2,3,1; x^2)"),
        ("mlp(2,3,1; x^2 + x^3)", "mlp(2,3,1; x^3 + x^2)"),
        ("mlp(2,3,1; 2x(x+1))", "mlp(2,3,1; 2*x^2 + 2*x)"),
        ("mlp(2,3,1; (x + 1)^2)", "mlp(2,3,1; x^2 + 2*x + 1)"),
        ("mlp(2,3,1; 0.1x^2)", "mlp(2,3,1; 1/10*x^2)"),
        ("mlp(2,3,3,1; x^2, x^2)", "mlp(2,3,3,1; x^2)"),
        ("mlp(2,3,1; bias; x^2)", "mlp(2,3,1; x^2; bias)"),
        ("mlp(2,3,1; x^2 - x^3 + x^3)", "mlp(2,3,1; x^2)"),
        ("attention(3,2,2; t=3; a=2,2; heads=1)", "attention(3,2,2; a=2; t=3)"),
        ("cnn(2,2; x^2; strides=1; outputs=1)", "cnn(2,2; x^2)"),
        ("cnn(2,2; x^2; input=3)", "cnn(2,2; x^2)"),
    ],
)
def test_equivalent_notations(text, canonical):
    assert repr(parse(text)) == canonical


MALFORMED = [
    # text, words of the message
    ("", "cannot read"),
    ("mlp", "cannot read"),
    ("mlp(2,3,1; x^2", "cannot read"),
    ("mlp(2,3,1; x^2))", "not a polynomial|cannot be read"),
    ("resnet(2,3,1)", "unknown family"),
    ("mlp(2)", "at least 2 widths"),
    ("mlp()", "missing"),
    ("mlp(2,0,1; x^2)", "width 0"),
    ("mlp(2,-3,1; x^2)", "width -3"),
    ("mlp(2,3.5,1; x^2)", "whole number"),
    ("mlp(2,three,1; x^2)", "whole number"),
    ("mlp(2,,1; x^2)", "whole number"),
    ("mlp(2,3,1)", "needs an activation"),
    ("mlp(2,3,1; )", "not a polynomial"),
    ("mlp(2,3,1; x^2, x^2)", "activations"),
    ("mlp(2,3,1; x^2; x^3)", "activations and bias"),
    ("mlp(2,3,1; x^2; bias; bias)", "bias"),
    ("mlp(2,3,1; x^2.5)", "not a whole number"),
    ("mlp(2,3,1; x^-2.5)", "not a whole number"),
    ("mlp(2,3,1; x^x)", "not a whole number"),
    ("mlp(2,3,1; x^-1000001)", "above 1000000"),
    ("mlp(2,3,1; (x + 1)^-1001)", "above 1000"),
    ("mlp(2,3,1; 1/(x^999999 + 1) + 1/(x^2 + 1))", "above"),
    ("mlp(2,3,1; x^1000001)", "above 1000000"),
    ("mlp(2,3,1; (x^1000)^1001)", "above 1000000"),
    ("mlp(2,3,1; 1/(x - x))", "divides by 0"),
    ("mlp(2,3,1; x/x)", "constant"),
    ("mlp(2,3,1; x/0)", "divides by 0"),
    ("mlp(2,3,1; 5)", "constant"),
    ("mlp(2,3,1; x - x)", "constant"),
    ("mlp(2,3,1; exp(x))", "transcendental"),
    ("mlp(2,3,1; relu)", "not a polynomial"),
    ("mlp(2,3,1; y^2)", "not a polynomial"),
    ("mlp(2,3,1; generic(0))", "degree from 1"),
    ("mlp(2,3,1; generic(99999))", "degree from 1"),
    ("mlp(2,3,1; (x+1)^1000000)", "expands"),
    ("mlp(99999,99999,1; x^2)", "more than the limit"),
    ("linear(3,2; x)", "widths only"),
    ("linear(99999,99999)", "more than the limit"),
    ("cnn(2,2; x^2; input=2)", "longer than its input"),
    ("cnn(2,0; x^2)", "positive"),
    ("cnn(2,2x2; x^2)", "all 1D"),
    ("cnn(2x2x2; x)", "all 1D"),
    ("cnn(2,2; x^2; strides=0)", "positive"),
    ("cnn(2,2; x^2; strides=1,1,1)", "strides"),
    ("cnn(2,2; x^2; channels=1,1)", "channels="),
    ("cnn(2,2; x^2; channels=1,0,1)", "channels 0"),
    ("cnn(2,2; x^2; outputs=0)", "positive"),
    ("cnn(2,2; x^2; outputs=2; input=4)", "not both"),
    ("cnn(2,2; x^2; padding=1)", "unknown"),
    ("cnn(2,2; x^2; strides=1; strides=1)", "given twice"),
    ("attention(3,2; a=2)", "needs t="),
    ("attention(3,2; t=2)", "needs a="),
    ("attention(3,2; a=0; t=2)", "head size 0"),
    ("attention(3,2; a=2; t=0)", "tokens 0"),
    ("attention(3,2; a=2; t=2; heads=0)", "heads 0"),
    ("attention(3,2; a=1,2; t=2)", "a: 1 expected"),
    ("attention(3,2; a=2; t=2; x^2)", "attention takes"),
    ("attention(3; a=2; t=2)", "at least 2 widths"),
]


@pytest.mark.parametrize(("text", "words"), MALFORMED)
def test_errors_say_what_is_wrong(text, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(text)
    _check(str(caught.value))


def test_unknown_families_are_answered_with_all_that_there_are():
    with pytest.raises(nv.NotationError) as caught:
        parse("resnet(2,3,1)")
    listed = str(caught.value).partition("the families are ")[2].partition(", e.g.")[0]
    assert set(listed.split(", ")) == set(EXAMPLES)


@pytest.mark.parametrize("family", EXAMPLES)
def test_examples_in_errors_are_of_the_family(family):
    with pytest.raises(nv.NotationError) as caught:
        parse(f"{family}()")
    assert EXAMPLES[family] in str(caught.value)
    _check(str(caught.value))


@pytest.mark.parametrize("text", ["linear(3)", "attention(3; a=2; t=2)", "gnn(path(3); 2)", "mlp(2)"])
def test_examples_for_widths_are_of_the_family(text):
    with pytest.raises(nv.NotationError) as caught:
        parse(text)
    assert EXAMPLES[text.partition("(")[0]] in str(caught.value)


def _check(message):
    assert message
    assert "\n" not in message
    assert "\r" not in message
    assert len(message) < 400


def _answers_or_refuses(text):
    """parse answers or raises NotationError with one line, and traces nothing."""
    try:
        architecture = parse(text)
    except nv.NotationError as error:
        _check(str(error))
        architecture = None
    if architecture is not None:
        assert parse(repr(architecture)) == architecture
        assert not architecture.__dict__.get("model"), "parsing must not make a model"


PIECES = [
    "(",
    ")",
    ";",
    ",",
    "^",
    "**",
    "x",
    "X",
    "=",
    "-",
    "+",
    "/",
    "*",
    ".",
    "1e9",
    "0",
    "-1",
    "999999999999",
    "9" * 50,
    "bias",
    "generic(",
    "\n",
]
PIECES += [
    " ",
    "\t",
    "\x00",
    "é",
    "²",
    "٣",
    "x^x",
    "((((((",
    "))))",
    "strides=",
    "a=",
    "t=",
    "heads=",
    "2x2",
    "_",
    "lambda",
    "import",
    "__",
    "[",
    "'",
    '"',
    "nan",
]


def mutated(rng):
    """A valid notation with some random insertions, deletions, replacements and repetitions."""
    text = rng.choice(NAMED)
    for _ in range(rng.randint(1, 4)):
        k = rng.randint(0, len(text))
        change = rng.randint(0, 4)
        if change == 0:
            text = text[:k] + rng.choice(PIECES) + text[k:]
        elif change == 1:
            text = text[:k] + text[k + rng.randint(1, 3) :]
        elif change == 2:
            text = text[:k] + rng.choice(PIECES) + text[k + 1 :]
        elif change == 3:
            text = text[:k] + text[k : k + 6] * rng.choice([2, 3, 40]) + text[k + 6 :]
        else:
            other = rng.choice(NAMED)
            text = text[:k] + other[rng.randint(0, len(other)) :]
    return text


@pytest.mark.parametrize("seed", range(50))
def test_mutations_of_valid_notations(seed):
    rng = random.Random(seed)
    for _ in range(10):
        _answers_or_refuses(mutated(rng))


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text(alphabet="mlpcnxbias(),;^*+-/=.0123456789 ", max_size=60))
@example("mlp(2,3,1; ²)")
@example("mlp(٢,3,1; x^2)")
def test_random_text(text):
    _answers_or_refuses(text)
    _answers_or_refuses(f"mlp(2,3,1; {text})")
    _answers_or_refuses(f"cnn(2,2; x^2; {text})")


HOSTILE = [
    "mlp(2,3,1; " + "(" * 500 + "x" + ")" * 500 + ")",
    "mlp(2,3,1; " + "-" * 900 + "x)",
    "mlp(2,3,1; " + "x+" * 450 + "x)",
    "mlp(2,3,1; " + "(x+1)*" * 150 + "x)",
    "mlp(2,3,1; x^9^9^9^9)",
    "mlp(2,3,1; 9^9^9^9*x)",
    "mlp(2,3,1; ((((x^100)^100)^100)^100))",
    "mlp(2,3,1; (2x)^100000)",
    "mlp(2,3,1; (x+1)^999)",
    "mlp(2,3,1; (x+1)^999*(x+1)^999)",
    "mlp(2,3,1; (" + "9" * 99 + "x)^1000)",
    "mlp(2,3,1; (" + "9" * 99 + "x+1)^1000)",
    "mlp(2,3,1; (x+1/" + "7" * 99 + ")^900)",
    "mlp(2,3,1; (x+1)^20)",
    "mlp(2,3,1; (x-x)^5 + x)",
    "mlp(2,3,1; (x-x)^0 + x)",
    "mlp(2,3,1; (x+1)^0 + x)",
    "mlp(2,3,1; " + "9" * 900 + "x)",
    "mlp(2,3,1; 1e999999x)",
    "mlp(2,3,1; 1e-300*x^2)",
    "mlp(2,3,1; 0x10)",
    "mlp(2,3,1; 1_0*x)",
    "mlp(2,3,1; 1j*x)",
    "mlp(2,3,1; x.real)",
    "mlp(2,3,1; x()x)",
    "mlp(" + "2," * 5000 + "1; x^2)",
    "mlp(" + "9" * 4000 + ",1; x^2)",
    "cnn(" + "2," * 5000 + "2; x^2)",
    "cnn(3,3; x; strides=999999999,1; outputs=999999999)",
    "cnn(999999999; x)",
    "cnn(" + "9," * 30 + "9; x; strides=" + "9," * 30 + "9)",
    "cnn(" + "x".join("2" * 200) + "; x)",
    "attention(3,2; a=999999999; t=999999999)",
    "attention(3,2; a=1; t=2; heads=999999999)",
    "linear(1" + ",1" * 999 + ")",
    "(" * 5000,
    "mlp" * 5000,
    "mlp(2,3,1; generic(999999999))",
    "mlp(2,3,1; generic(1000))",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:40])
def test_hostile_text(text):
    _answers_or_refuses(text)


def test_parsing_traces_nothing(monkeypatch):
    import jax

    monkeypatch.setattr(jax, "make_jaxpr", lambda *_: pytest.fail("traced"))
    shape_of = jax.eval_shape
    for text in NAMED:
        whole = text.startswith(("ratio", "residual", "sequence"))  # their parts must fit, so shapes (no more) are asked for
        monkeypatch.setattr(jax, "eval_shape", shape_of if whole else lambda *_: pytest.fail("traced"))
        architecture = parse(text)
        assert architecture.parameters == architecture.model.parameters


class TestAsModel:
    def test_sources(self):
        architecture = parse("mlp(2,2,1; x^2)")
        assert nv.as_model(architecture) is nv.as_model(nv.as_model(architecture)) is architecture.model
        assert nv.as_model("mlp(2,2,1; x^2)").name == "mlp(2,2,1; x^2)"

    @pytest.mark.parametrize(
        ("arguments", "options", "words"),
        [
            ((lambda w, x: w @ x,), {}, "needs its parameters"),
            ((lambda w, x: w @ x, (3,)), {}, "input_shape"),
            ((lambda w, x: w @ x, {"n": 3}), {"input_shape": 3}, "no floating-point array"),
            ((lambda w, x: w @ x, (3,)), {"input_shape": 0}, "empty axis"),
            (("mlp(2,2",), {}, "cannot read"),
        ],
    )
    def test_errors(self, arguments, options, words):
        with pytest.raises(nv.InputError, match=words):
            nv.as_model(*arguments, **options)

    def test_a_function_that_returns_two_arrays(self):
        model = nv.as_model(lambda w, x: (w @ x, w), (3,), input_shape=3)
        with pytest.raises(nv.InputError, match="one array"):
            nv.dimension(model)

    def test_shapes_that_do_not_fit(self):
        model = nv.as_model(lambda w, x: w @ x, (3,), input_shape=4)
        with pytest.raises(nv.InputError) as caught:
            nv.dimension(model)
        assert "\n" not in str(caught.value)

    def test_blocks_are_in_pytree_order(self):
        model = nv.as_model(lambda w, x: w["b"] @ x + w["a"][0], {"b": (2, 3), "a": [(2,), ()]}, input_shape=3)
        assert [(b.name, b.shape, b.start) for b in model.blocks] == [("a.0", (2,), 0), ("a.1", (), 2), ("b", (2, 3), 3)]
