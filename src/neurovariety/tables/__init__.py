"""Tables as people have them, in files, frames and arrays, and the data sets that are made of them."""
