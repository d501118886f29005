"""Providers turn platforms into machines; they know nothing of shells, images or stores.

Their contract is ``orchestrator.machines.Provider``.
"""
