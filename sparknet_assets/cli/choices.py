"""Values that options take, spelled out so that --help loads little; a test compares them."""

TIERS = ("basic", "standard", "premium")
MODES = ("hybrid", "vector", "keyword")
ANSWERERS = ("auto", "extractive", "llm")
FAILURE_KINDS = (
    "encrypted",
    "corrupt",
    "empty",
    "unsupported",
    "too_large",
    "timed_out",
    "out_of_memory",
    "crashed",
    "unreadable",
    "throttled",
    "unavailable",
    "refused",
    "internal",
)
