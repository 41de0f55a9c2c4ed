"""Kill processes at random while loans flow, let things settle, then audit topics against databases."""
