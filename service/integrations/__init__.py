"""What reaches other programs of a person: her calendar. Nothing here shows what she could not read here herself."""
