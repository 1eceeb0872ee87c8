"""How good recommendations are: measured on lists, on labels of the tags and folders, and beside plainer methods."""
