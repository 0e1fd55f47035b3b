"""Planes of losses, the chambers on which the critical points keep their kinds, and the walls between."""
