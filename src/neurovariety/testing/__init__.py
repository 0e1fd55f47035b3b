"""Laws that families, entries, rings and operations are held to: one call checks them all, for those of a user as well."""
