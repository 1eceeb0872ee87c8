"""The music library: walking its folders, reading tags, telling one recording from another."""
