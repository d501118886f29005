"""Experiment files: YAML in, a checked and resolved ``Experiment`` out."""

from orchestrator.experiment.installations import refused
from orchestrator.experiment.loading import default_cache, load
from orchestrator.experiment.validation import json_schema

__all__ = ["default_cache", "json_schema", "load", "refused"]
