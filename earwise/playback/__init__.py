"""Audio as browsers play it: the library's own files, or conversions of those that no browser knows."""
