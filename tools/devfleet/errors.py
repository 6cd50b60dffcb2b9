"""The one error of the development fleet."""


class FleetError(Exception):
    """`subject: found, want`, for the person at the terminal."""
