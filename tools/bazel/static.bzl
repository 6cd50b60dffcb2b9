"""How a fully static program is linked: `linkopts = STATIC_LINKOPTS`."""

# Sanitizers have no static run-time: their configuration links the same program dynamically.
STATIC_LINKOPTS = select({
    "//tools/bazel:sanitized": [],
    "//conditions:default": ["-static"],
})
