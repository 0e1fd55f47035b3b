"""What alone may make a strong claim: certificates that are checked in exact or ball arithmetic, without any search."""
