"""The development fleet behind tools/dev: its folder, its processes, their configuration."""
