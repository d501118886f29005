"""Figures for print in the study's form, each beside the data that it shows. Needs matplotlib."""
