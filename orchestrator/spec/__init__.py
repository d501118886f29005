"""Experiment files: YAML in, a checked and resolved ``Experiment`` out."""

from orchestrator.spec.loading import default_cache, load
from orchestrator.spec.validation import json_schema

__all__ = ["default_cache", "json_schema", "load"]
