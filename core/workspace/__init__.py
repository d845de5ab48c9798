"""Cases of a user, one or a folder of them, from files to masks."""
