"""Stores in object stores, mirrored here."""
