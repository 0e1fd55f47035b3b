"""Tables of smaller networks and their inclusions: what is taken, and the false ones that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurovariety import Claim, as_model, subnetworks
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.subnetwork_posets import KnownStrataListed, SubnetworkTable
from neurovariety.geometry.strata.exact_strata import exact_strata

TEXT = "mlp(2,2,1; x^3 + x^2)"


@pytest.fixture(scope="module")
def found():
    model = as_model(TEXT)
    return exact_strata(model), subnetworks(model).verdicts


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_tables_are_checked_by_another_process(found):
    """A model made anew knows no ranks and no strata: it takes them again."""
    _, verdicts = found
    fresh = exact_strata(as_model(TEXT))
    for key in ("images", "inclusions", "all_listed"):
        again = issue(verdicts[key].certificate, fresh)
        assert (again.statement.value, again.claim) == (verdicts[key].statement.value, verdicts[key].claim)


def test_false_tables_are_refused(found):
    exact, verdicts = found
    table = verdicts["images"].certificate
    one, zero = table.images
    assert verdicts["images"].claim is Claim.PROBABILITY
    for image in (
        replace(one, ranks=one.ranks[:-1]),
        replace(one, ranks=one.ranks[::-1]),
        replace(one, ranks=(one.ranks[0],) * len(one.ranks)),
        replace(one, over=(replace(one.over[0], copies=one.over[0].copies + 1), *one.over[1:])),
        replace(one, over=(replace(one.over[0], functions=None), *one.over[1:])),
        replace(one, name="linear(2,1,1)"),
        replace(one, also=("all functions",)),
        replace(one, models=(verdicts["dimension"],)),
        replace(one, models=(one.ranks[0],)),
        replace(one, ranks=one.ranks + zero.ranks, over=one.over + zero.over),
        replace(one, ranks=(), over=()),
    ):
        refused(SubnetworkTable(table.whole, (image, zero)), exact)
    refused(SubnetworkTable(table.whole, (one, one)), exact)
    refused(SubnetworkTable(one.models[0], table.images), exact)
    refused(table, exact_strata(as_model("mlp(2,2,1; x^3)")))


def test_false_inclusions_are_refused(found):
    exact, verdicts = found
    good = verdicts["inclusions"].certificate
    for pairs in (good.pairs[:-1], (*good.pairs, ("zero", TEXT)), tuple((b, a) for a, b in good.pairs), ()):
        refused(replace(good, pairs=pairs), exact)
    refused(replace(good, top="zero"), exact)
    refused(replace(good, table=verdicts["dimension"]), exact)


def test_a_cut_list_is_none_that_is_whole():
    exact = exact_strata(as_model("mlp(2,3,3,1; x^3)"))
    issue(KnownStrataListed(exact.hash, 5, False), exact)
    refused(KnownStrataListed(exact.hash, 5, True), exact)
    refused(KnownStrataListed(exact.hash, 10_000, False), exact)
    refused(KnownStrataListed(exact.hash, 0, False), exact)


def test_closures_are_the_same_where_sizes_and_dimensions_say_so():
    """Widths 2 and 1 of mlp(2,3,1; x^2) differ; rank one of linear(2,2) is no network of its own."""
    exact = exact_strata(as_model("linear(3,2,3)"))
    verdicts = subnetworks(exact.model).verdicts
    assert {v.claim for k, v in verdicts.items() if k != "undecided"} == {Claim.PROVED}
    first, last = verdicts["images"].certificate.images
    refused(
        SubnetworkTable(verdicts["dimension"], (replace(first, ranks=first.ranks + last.ranks, over=first.over + last.over),)), exact
    )
