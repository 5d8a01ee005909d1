"""Latencies as figures."""

from __future__ import annotations

from collections.abc import Sequence

from sparknet_assets.evaluation.ranking_metrics import percentile


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds; nothing without a measurement."""
    if not seconds:
        return {}
    return {
        f"latency_p{share}_ms": round(1000 * percentile(seconds, share / 100), 3)
        for share in (50, 95)
    }
