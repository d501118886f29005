"""Figures for print in the form of the study, each with its data. Needs matplotlib."""
