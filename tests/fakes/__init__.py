"""Fakes: the real software, and the strict fakes, that cloud code is proved against."""
