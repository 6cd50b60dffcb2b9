"""Versions of what tools/setup puts into the cache folder. tools/setup reads these lines too: NAME = "VERSION"."""

BORINGSSL = "13.0.0+r24-2"
JOSE = "5.9.6"
MSGPACK = "4.1.3-1"
