"""What is known of families: bounds, degrees, ED degrees, polar degrees, generic fibers."""
