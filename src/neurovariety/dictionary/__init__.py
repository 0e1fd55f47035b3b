"""The entries of the dictionary, one file each; `registry` lists them."""
