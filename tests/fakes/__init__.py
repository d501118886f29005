"""Servers that the tests of cloud code run against: real software, and strict fakes."""
