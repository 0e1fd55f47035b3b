"""Laws that families, entries, rings and operations are held to: one call checks them all, for those of a user as well."""

from neurovariety.testing.entries import check_entry
from neurovariety.testing.families import check_family
from neurovariety.testing.operators import check_operator
from neurovariety.testing.rings import check_ring

__all__ = ["check_entry", "check_family", "check_operator", "check_ring"]
