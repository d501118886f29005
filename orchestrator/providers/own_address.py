"""From where we reach machines that are rented: the only address that may connect to them."""

from __future__ import annotations

import ipaddress
import os

import requests

from orchestrator.model.machine import Refusal, Refused

OWN_ADDRESS = "EQC_OWN_ADDRESS"
"""Environment variable that says from where we reach machines, for computers behind a proxy."""
_ASK = "https://checkip.amazonaws.com"


def own_address() -> str:
    """Our public IPv4 address as a cloud sees it. Raises ``Refused`` where it cannot be learnt."""
    said = os.environ.get(OWN_ADDRESS)
    if said is None:
        try:
            answer = requests.get(_ASK, timeout=10)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise Refused(
                Refusal.UNCERTAIN, f"our own address: {error}; set {OWN_ADDRESS} to it"
            ) from error
        said = answer.text
    try:
        return str(ipaddress.IPv4Address(said.strip()))
    except ValueError as error:
        raise Refused(
            Refusal.INVALID, f"our own address: {error}; set {OWN_ADDRESS} to an IPv4 address"
        ) from error
