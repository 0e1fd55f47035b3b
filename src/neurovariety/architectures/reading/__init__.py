"""Reading the notation: sections, activations, rational functions, groups, modes."""
