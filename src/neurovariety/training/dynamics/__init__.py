"""How training moves: gradient flow and its discrete kin, plateaus, where runs end, balanced weights."""
