"""Bundled patients: invented people whose charts show what the two models do, and when they stay silent."""

from cds_hooks.demo.compose import bundle, draft_orders, names, story

__all__ = ["bundle", "draft_orders", "names", "story"]
