"""Programs that are read and counted: the same one, recorded in different ways."""
